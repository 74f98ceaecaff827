
/*
 * Places where a process may be killed or stopped by a test.  Nothing at all
 * unless NGX_OPENAI_FAULTS is defined.
 *
 * Each process chooses one place by OPENAI_FAULT_SEED of its environment, and
 * how often it passes there before it is killed, or, one time in eight, stopped
 * until somebody continues it.  It says so on stderr before.  The place may be
 * given as OPENAI_FAULT_PLACE, how often as OPENAI_FAULT_TIMES, and another
 * signal, as a number, as OPENAI_FAULT_SIGNAL.
 */


#ifndef _NGX_OPENAI_FAULT_H_INCLUDED_
#define _NGX_OPENAI_FAULT_H_INCLUDED_


#if (NGX_OPENAI_FAULTS)

void ngx_openai_fault(const char *place);

#else

#define ngx_openai_fault(place)

#endif


#endif /* _NGX_OPENAI_FAULT_H_INCLUDED_ */
