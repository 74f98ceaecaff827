
/*
 * The undo makes a record count exactly once, whenever the process that counts
 * it dies.  The statistics use it, and heal.c.
 *
 * The holder of the lock keeps each piece of memory here before it changes it.
 * It sets n to 0 after the last change, and then all changes count.  When it
 * dies before, the next holder finds n above 0 and puts all pieces back.
 */


#ifndef _NGX_OPENAI_UNDO_H_INCLUDED_
#define _NGX_OPENAI_UNDO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_OPENAI_UNDO_PARTS  32
#define NGX_OPENAI_UNDO_BYTES  8192


typedef struct {
    int64_t                  at;         /* from the undo's own address */
    uint32_t                 from;       /* in bytes[] */
    uint32_t                 size;
} ngx_openai_undo_part_t;


typedef struct {
    uint32_t                 n;          /* of parts[]; 0: no undo */
    uint32_t                 slot;       /* of the record that is counted */
    ngx_openai_undo_part_t   parts[NGX_OPENAI_UNDO_PARTS];
    u_char                   bytes[NGX_OPENAI_UNDO_BYTES];
} ngx_openai_undo_t;


/* A killed process has executed the program up to some instruction, so only the
   compiler has to keep the order. */

#define ngx_openai_order()     __atomic_signal_fence(__ATOMIC_SEQ_CST)


/* Keeps a piece of memory before it changes.  "undo" is NULL for memory that no
   other process sees. */

static ngx_inline void
ngx_openai_undo_keep(ngx_openai_undo_t *undo, const void *p, size_t size)
{
    uint32_t                 n, from;
    ngx_openai_undo_part_t  *part;

    if (undo == NULL) {
        return;
    }

    n = undo->n;
    part = &undo->parts[n];
    from = n ? part[-1].from + part[-1].size : 0;

    if (n == NGX_OPENAI_UNDO_PARTS || size > NGX_OPENAI_UNDO_BYTES - from) {
        return;
    }

    ngx_memcpy(&undo->bytes[from], p, size);

    part->at = (const u_char *) p - (u_char *) undo;
    part->from = from;
    part->size = (uint32_t) size;

    ngx_openai_order();
    undo->n = n + 1;
    ngx_openai_order();
}


#endif /* _NGX_OPENAI_UNDO_H_INCLUDED_ */
