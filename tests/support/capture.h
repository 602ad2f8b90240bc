/* capture.h: what this process writes to stdout or stderr goes elsewhere meanwhile: to a file in memory, say, which takes whatever
   comes. */
#ifndef PLAIT_TEST_CAPTURE_H
#define PLAIT_TEST_CAPTURE_H

/* Puts another file in place of descriptor 1 or 2: the descriptor of what was there. And back, which closes it. */
int put_in_place_of(int fd, int other);
void put_back(int fd, int before);

int new_file(void);

/* All that is in the file, to be freed; closes it. */
char *text_of(int file);

/* Makes a pipe so full that a write blocks. */
void fill_pipe(int fd);

/* Reads until this has come, at the end of what there is. */
void read_up_to(int fd, const char *text);

#endif
