/* image.h: the file that this program was started from. */
#ifndef PLAIT_PROCESS_IMAGE_H
#define PLAIT_PROCESS_IMAGE_H

/* A descriptor (close-on-exec) of the very file that runs here, whatever has become of its name; or a negative code, with a
   record. */
int plait_image_open(void);

#endif
