
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The results of a test program in TAP, which prove reads.  A program includes
 * this once, calls ok() or okf() for each result, and returns done_testing()
 * from main().
 */


#ifndef _TAP_H_INCLUDED_
#define _TAP_H_INCLUDED_


#include <stdarg.h>
#include <stdio.h>


static unsigned  tap_results, tap_failures;


/* a result with its name; returns whether it is good */

static inline int
ok(int good, const char *name)
{
    tap_results++;
    tap_failures += !good;

    printf("%sok %u - %s\n", good ? "" : "not ", tap_results, name);

    return good;
}


/* the same, with a name that is a format of printf() */

__attribute__((format(printf, 2, 3)))
static inline int
okf(int good, const char *format, ...)
{
    char     name[4096];
    va_list  args;

    va_start(args, format);
    (void) vsnprintf(name, sizeof(name), format, args);
    va_end(args);

    return ok(good, name);
}


/* a line that is no result */

__attribute__((format(printf, 1, 2)))
static inline void
note(const char *format, ...)
{
    va_list  args;

    printf("# ");

    va_start(args, format);
    vprintf(format, args);
    va_end(args);

    printf("\n");
}


/* the exit code: a program without a result has failed */

static inline int
done_testing(void)
{
    printf("1..%u\n", tap_results);

    return tap_failures != 0 || tap_results == 0;
}


#endif /* _TAP_H_INCLUDED_ */
