/* The same with the rounding modes of floating point, as the calling convention has it.
   subject: limit raw switch, float modes */
#define WITH_FLOATS
#include "switch/limit_raw.c"
