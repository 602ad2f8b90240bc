/* marker.h: how a process that plait has started knows that it is one. */
#ifndef PLAIT_PROCESS_MARKER_H
#define PLAIT_PROCESS_MARKER_H

/* In the environment: the area's descriptor, and the number that stands in the area too, "5:83a1…". */
#define PLAIT_MARKER "PLAIT_WORKER"
#define PLAIT_MARKER_FORMAT PLAIT_MARKER "=%d:%016" PRIx64
#define PLAIT_MAGIC "plait-1"

#endif
