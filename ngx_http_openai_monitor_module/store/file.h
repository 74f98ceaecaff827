
/*
 * The file that a zone lies in, apart from what the zone holds.
 *
 * Whoever uses the file holds a lock on it (flock): the master, and the
 * workers with the descriptor that they inherit.  So the lock ends with the
 * last of them, however they end.  A new binary (USR2) inherits it too.
 *
 * A file that is made lies beside its place, as PATH.new, until nothing can
 * fail any more; then it is renamed.
 */


#ifndef _NGX_OPENAI_FILE_H_INCLUDED_
#define _NGX_OPENAI_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t    zone;         /* its name, for messages */
    ngx_str_t    path;         /* these three end with a zero byte */
    ngx_str_t    fresh;        /* PATH.new */
    ngx_str_t    aside;        /* PATH.old */

    ngx_fd_t     fd;           /* of the zone's file; has the lock */
    ngx_fd_t     found;        /* of another one at PATH, until the commit */
    off_t        size;         /* of what was found */
    off_t        mapped;       /* bytes of fd that are mapped; 0: none */
    const char  *reason;       /* why that one is set aside, or NULL */
    u_char       text[80];     /* a reason with figures */

    /* anonymous memory for the workers of a file that was cut; a word behind
       it tells who sets it up; NULL: there is none */

    u_char      *spare;

    unsigned     made:1;       /* fd is at PATH.new */
    unsigned     shared:1;     /* what was found is in use, by us */
} ngx_openai_file_t;


ngx_openai_file_t *ngx_openai_file_create(ngx_pool_t *pool, ngx_str_t *zone,
    ngx_str_t *path);

/*
 * All of them log.  NGX_ERROR: nginx must not start so; NGX_ABORT: the file
 * cannot be used here and now, and the zone lives in memory.
 */

/* Checks the path, and touches nothing. */
ngx_int_t ngx_openai_file_test(ngx_openai_file_t *file, ngx_log_t *log);

/* Opens and locks the file at PATH; NGX_DECLINED: there is none. */
ngx_int_t ngx_openai_file_find(ngx_openai_file_t *file, ngx_log_t *log);

/* Allocates all blocks of the file, because a write to a missing one kills. */
ngx_int_t ngx_openai_file_reserve(ngx_openai_file_t *file, ngx_fd_t fd,
    off_t size, ngx_log_t *log);

/* Makes an empty file at PATH.new. */
ngx_int_t ngx_openai_file_make(ngx_openai_file_t *file, off_t size,
    ngx_log_t *log);

/* Maps the file over "addr", or anywhere if that is NULL.  Returns NULL when it
   fails; the memory at "addr" is still there then. */
void *ngx_openai_file_map(ngx_openai_file_t *file, ngx_fd_t fd, void *addr,
    size_t size, ngx_log_t *log);

/* Maps the spare memory; file->spare stays NULL when it fails. */
void ngx_openai_file_spare(ngx_openai_file_t *file, ngx_log_t *log);

/* Returns 1 when the file is shorter than its mapping, so that an access kills;
   or when it has lost its first bytes. */
ngx_uint_t ngx_openai_file_cut(ngx_openai_file_t *file);

/* Returns what became of the file in use ("was cut", "was deleted", "was
   replaced"), or NULL. */
const char *ngx_openai_file_gone(ngx_openai_file_t *file);

/* Renames the file that was made to its place. */
void ngx_openai_file_commit(ngx_openai_file_t *file, ngx_log_t *log);

/* Passes the descriptors and the spare memory to the next cycle. */
void ngx_openai_file_pass(ngx_openai_file_t *file, ngx_openai_file_t *old);

/* Keeps the lock from programs that a worker starts. */
void ngx_openai_file_private(ngx_openai_file_t *file);


#endif /* _NGX_OPENAI_FILE_H_INCLUDED_ */
