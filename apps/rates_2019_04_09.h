/* rates_2019_04_09.h: the built-in rates: the euro foreign exchange reference rates of 9 April 2019.
   Source: European Central Bank. They are for information only. */
#ifndef PLAIT_APPS_RATES_2019_04_09_H
#define PLAIT_APPS_RATES_2019_04_09_H

enum { RATES_2019_04_09_COUNT = 33 };
#define RATES_2019_04_09_DATE "2019-04-09"

/* In the order of the alphabet, the euro included. `rate` is what one euro costs, in the ECB's own digits. */
extern const struct ecb_rate {
    char code[4];
    const char *rate, *name;
} rates_2019_04_09[RATES_2019_04_09_COUNT];

#endif
