/* resolve.h: looking host names up, with an end to the wait. */
#ifndef PLAIT_IO_RESOLVE_H
#define PLAIT_IO_RESOLVE_H
#include <plait/time.h>
#include <netdb.h>

/* Looks up the addresses of `host` for stream sockets, in the order in which they should be tried. 0 and *list, never
   empty, which the caller gives to freeaddrinfo; or, with a record that begins with `address`, PLAIT_ERESOLVE,
   PLAIT_ENOMEM, PLAIT_EAGAIN, PLAIT_ETIMEDOUT, PLAIT_ECANCELED: nobody waits for the answer then. */
int plait_resolve(const char *address, const char *host, uint16_t port, plait_deadline deadline,
                  struct addrinfo **list);

#endif
