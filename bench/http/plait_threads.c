/* plait: the same on threads, one for each connection.
   subject: plait, threads
   plait: http */
#define ON_THREADS
#include "plait.c"
