
/*
 * Places where a test kills or stops a process.  They do nothing unless
 * NGX_OPENAI_FAULTS is defined.
 *
 * Each process chooses one place at random, and how often it passes there
 * first.  Then it kills itself, or, one time in eight, stops until somebody
 * continues it.  It writes a line to stderr before.  The environment says more:
 *
 *   OPENAI_FAULT_SEED     the seed; without it a process chooses no place
 *   OPENAI_FAULT_PLACE    the place
 *   OPENAI_FAULT_TIMES    the process acts when it passes for this time
 *   OPENAI_FAULT_SIGNAL   the number of the signal
 */


#ifndef _NGX_OPENAI_FAULT_H_INCLUDED_
#define _NGX_OPENAI_FAULT_H_INCLUDED_


#if (NGX_OPENAI_FAULTS)

void ngx_openai_fault(const char *place);

#else

#define ngx_openai_fault(place)

#endif


#endif /* _NGX_OPENAI_FAULT_H_INCLUDED_ */
