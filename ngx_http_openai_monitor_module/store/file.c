
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The file that a zone lies in: found, locked, made, mapped, put in its place.
 *
 * Called by setup.c, and by spare.c, which asks whether the file was cut.
 * Nothing here knows what a zone holds.  Invariants 30 to 32 of docs/store.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/file.h>
#include <sys/mman.h>

#include "store/file.h"


#define NGX_OPENAI_FILE_TRIES   8
#define NGX_OPENAI_FILE_FDS     65536
#define NGX_OPENAI_FILE_LINKS   32


static ngx_int_t ngx_openai_file_resolve(ngx_pool_t *pool, ngx_str_t *path);
static void ngx_openai_file_cleanup(void *data);
static ngx_int_t ngx_openai_file_failed(ngx_openai_file_t *file,
    ngx_str_t *path, const char *what, ngx_err_t err, ngx_log_t *log);
static ngx_int_t ngx_openai_file_used(ngx_openai_file_t *file,
    ngx_str_t *path, ngx_log_t *log);
static ngx_int_t ngx_openai_file_lock(ngx_openai_file_t *file, ngx_fd_t *fd,
    ngx_str_t *path, ngx_log_t *log);
static ngx_fd_t ngx_openai_file_inherited(ngx_file_info_t *fi);
static ngx_int_t ngx_openai_file_open(ngx_openai_file_t *file, ngx_fd_t *fd,
    ngx_log_t *log);


ngx_openai_file_t *
ngx_openai_file_create(ngx_pool_t *pool, ngx_str_t *zone, ngx_str_t *path)
{
    u_char              *p;
    ngx_openai_file_t   *file;
    ngx_pool_cleanup_t  *cln;

    file = ngx_pcalloc(pool, sizeof(ngx_openai_file_t));
    if (file == NULL) {
        return NULL;
    }

    file->zone = *zone;
    file->path = *path;

    if (ngx_openai_file_resolve(pool, &file->path) != NGX_OK) {
        return NULL;
    }

    path = &file->path;

    p = ngx_pnalloc(pool, 2 * (path->len + sizeof(".new")));
    if (p == NULL) {
        return NULL;
    }

    file->fresh.data = p;
    p = ngx_sprintf(p, "%V.new%Z", path);
    file->fresh.len = p - file->fresh.data - 1;

    file->aside.data = p;
    p = ngx_sprintf(p, "%V.old%Z", path);
    file->aside.len = p - file->aside.data - 1;

    file->fd = NGX_INVALID_FILE;
    file->found = NGX_INVALID_FILE;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_openai_file_cleanup;
    cln->data = file;

    return file;
}


/*
 * Follows links to the path that a new file is renamed to, because a rename
 * replaces a link (invariant 32).  The target need not exist.  Of links in a
 * circle one stays, and opening it fails.
 */

static ngx_int_t
ngx_openai_file_resolve(ngx_pool_t *pool, ngx_str_t *path)
{
    u_char      *p, target[NGX_MAX_PATH];
    size_t       dir;
    ssize_t      n;
    ngx_uint_t   i;

    for (i = 0; i < NGX_OPENAI_FILE_LINKS; i++) {

        n = readlink((char *) path->data, (char *) target, sizeof(target));

        if (n <= 0 || n == sizeof(target)) {
            break;
        }

        dir = 0;

        if (target[0] != '/') {
            for (dir = path->len; path->data[dir - 1] != '/'; dir--) {
                /* void */
            }
        }

        p = ngx_pnalloc(pool, dir + n + 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(p, path->data, dir);
        ngx_memcpy(p + dir, target, n);
        p[dir + n] = '\0';

        path->data = p;
        path->len = dir + n;
    }

    return NGX_OK;
}


/* Runs at the end of a cycle, or of an attempt at one. */

static void
ngx_openai_file_cleanup(void *data)
{
    ngx_openai_file_t *file = data;

    if (file->made) {
        (void) ngx_delete_file(file->fresh.data);
    }

    if (file->fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(file->fd);
    }

    if (file->found != NGX_INVALID_FILE) {
        (void) ngx_close_file(file->found);
    }

    if (file->spare) {
        (void) munmap(file->spare, file->mapped + ngx_pagesize);
    }
}


/* A path that can never be right is an error of the configuration.  With any
   other error nginx starts, because traffic matters more than the history. */

static ngx_int_t
ngx_openai_file_failed(ngx_openai_file_t *file, ngx_str_t *path,
    const char *what, ngx_err_t err, ngx_log_t *log)
{
    switch (err) {

    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
        ngx_log_error(NGX_LOG_EMERG, log, err,
                      "openai_monitor zone \"%V\": file \"%V\" %s",
                      &file->zone, path, what);
        return NGX_ERROR;

    default:
        ngx_log_error(NGX_LOG_CRIT, log, err,
                      "openai_monitor zone \"%V\": file \"%V\" %s, "
                      "the history is in memory only",
                      &file->zone, path, what);
        return NGX_ABORT;
    }
}


static ngx_int_t
ngx_openai_file_used(ngx_openai_file_t *file, ngx_str_t *path, ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_EMERG, log, 0,
                  "openai_monitor zone \"%V\": file \"%V\" is used by another "
                  "nginx, or by a worker that is left of one",
                  &file->zone, path);
    return NGX_ERROR;
}


ngx_int_t
ngx_openai_file_test(ngx_openai_file_t *file, ngx_log_t *log)
{
    u_char           *p, save;
    ngx_int_t         rc;
    ngx_file_info_t   fi;

    if (ngx_file_info(file->path.data, &fi) != NGX_FILE_ERROR) {

        if (!ngx_is_file(&fi)) {
            return ngx_openai_file_failed(file, &file->path, "cannot be opened",
                                          ngx_is_dir(&fi) ? EISDIR : ENXIO,
                                          log);
        }

        return NGX_OK;
    }

    if (ngx_errno != ENOENT) {
        return ngx_openai_file_failed(file, &file->path, "cannot be opened",
                                      ngx_errno, log);
    }

    /* the path is absolute, so it has a slash; "/x" is in "/" */

    p = file->path.data + file->path.len;

    do { p--; } while (*p != '/');

    p += (p == file->path.data);
    save = *p;
    *p = '\0';

    rc = ngx_file_info(file->path.data, &fi);
    *p = save;

    if (rc == NGX_FILE_ERROR) {
        return ngx_openai_file_failed(file, &file->path, "cannot be made",
                                      ngx_errno, log);
    }

    return NGX_OK;
}


ngx_int_t
ngx_openai_file_find(ngx_openai_file_t *file, ngx_log_t *log)
{
    ngx_fd_t          fd;
    ngx_int_t         rc;
    ngx_file_info_t   fi;

    rc = ngx_openai_file_open(file, &fd, log);

    if (rc != NGX_OK) {
        return rc;
    }

    file->found = fd;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        return ngx_openai_file_failed(file, &file->path, "cannot be used",
                                      ngx_errno, log);
    }

    file->size = ngx_file_size(&fi);

    /* the file holds prompts */

    if (ngx_file_access(&fi) != 0600 && fchmod(fd, 0600) == -1) {
        return ngx_openai_file_failed(file, &file->path,
                                      "cannot be made private", ngx_errno, log);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_openai_file_open(ngx_openai_file_t *file, ngx_fd_t *fd, ngx_log_t *log)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_file_info_t   fi;

    for (i = 0; i < NGX_OPENAI_FILE_TRIES; i++) {

        *fd = open((char *) file->path.data, O_RDWR|O_NONBLOCK);

        if (*fd == NGX_INVALID_FILE) {

            if (ngx_errno == ENOENT) {
                return NGX_DECLINED;
            }

            return ngx_openai_file_failed(file, &file->path,
                                          "cannot be opened", ngx_errno, log);
        }

        if (ngx_fd_info(*fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
            (void) ngx_close_file(*fd);
            return ngx_openai_file_failed(file, &file->path, "cannot be opened",
                                          ENXIO, log);
        }

        rc = ngx_openai_file_lock(file, fd, &file->path, log);

        /* NGX_AGAIN: another file has that name by now */

        if (rc != NGX_AGAIN) {
            return rc;
        }
    }

    return ngx_openai_file_used(file, &file->path, log);
}


/* Closes a descriptor that does not get the lock. */

static ngx_int_t
ngx_openai_file_lock(ngx_openai_file_t *file, ngx_fd_t *fd, ngx_str_t *path,
    ngx_log_t *log)
{
    ngx_fd_t          own;
    ngx_err_t         err;
    ngx_file_info_t   fi, now;

    if (ngx_fd_info(*fd, &fi) == NGX_FILE_ERROR) {
        err = ngx_errno;
        goto failed;
    }

    if (flock(*fd, LOCK_EX|LOCK_NB) == -1) {

        err = ngx_errno;

        if (err != EWOULDBLOCK) {
            goto failed;
        }

        (void) ngx_close_file(*fd);

        own = ngx_openai_file_inherited(&fi);

        if (own == NGX_INVALID_FILE) {
            return ngx_openai_file_used(file, path, log);
        }

        *fd = own;
        file->shared = 1;
    }

    if (ngx_file_info(path->data, &now) == NGX_FILE_ERROR
        || now.st_dev != fi.st_dev || now.st_ino != fi.st_ino)
    {
        (void) ngx_close_file(*fd);
        file->shared = 0;
        return NGX_AGAIN;
    }

    return NGX_OK;

failed:

    (void) ngx_close_file(*fd);

    return ngx_openai_file_failed(file, path, "cannot be locked", err, log);
}


/*
 * Finds the descriptor that has the lock: a new binary inherits it from the old
 * one, and in a reload the last cycle has it.  No other descriptor of the file
 * can get the lock.
 */

static ngx_fd_t
ngx_openai_file_inherited(ngx_file_info_t *fi)
{
    long              max;
    ngx_fd_t          fd;
    ngx_file_info_t   other;

    max = sysconf(_SC_OPEN_MAX);

    if (max < 0 || max > NGX_OPENAI_FILE_FDS) {
        max = NGX_OPENAI_FILE_FDS;
    }

    for (fd = 3; fd < max; fd++) {

        if (ngx_fd_info(fd, &other) == NGX_FILE_ERROR
            || other.st_dev != fi->st_dev || other.st_ino != fi->st_ino
            || flock(fd, LOCK_EX|LOCK_NB) == -1)
        {
            continue;
        }

        /* in a reload the last cycle closes its own */

        return ngx_is_init_cycle(ngx_cycle) ? fd : dup(fd);
    }

    return NGX_INVALID_FILE;
}


ngx_int_t
ngx_openai_file_reserve(ngx_openai_file_t *file, ngx_fd_t fd, off_t size,
    ngx_log_t *log)
{
    ngx_err_t  err;

    do {
        err = posix_fallocate(fd, 0, size);
    } while (err == EINTR);

    if (err) {
        return ngx_openai_file_failed(file, &file->path,
                                      "cannot have its size", err, log);
    }

    return NGX_OK;
}


ngx_int_t
ngx_openai_file_make(ngx_openai_file_t *file, off_t size, ngx_log_t *log)
{
    ngx_fd_t    fd;
    ngx_int_t   rc;
    ngx_uint_t  i;

    for (i = 0; i < NGX_OPENAI_FILE_TRIES; i++) {

        /* a dead process left this, or another one is making it */

        fd = open((char *) file->fresh.data, O_RDWR|O_NONBLOCK|O_NOFOLLOW);

        if (fd != NGX_INVALID_FILE) {

            rc = ngx_openai_file_lock(file, &fd, &file->fresh, log);

            if (rc == NGX_ERROR || rc == NGX_ABORT) {
                return rc;
            }

            if (rc == NGX_OK) {
                (void) ngx_delete_file(file->fresh.data);
                (void) ngx_close_file(fd);
            }
        }

        fd = open((char *) file->fresh.data, O_RDWR|O_CREAT|O_EXCL, 0600);

        if (fd == NGX_INVALID_FILE) {

            if (ngx_errno == EEXIST) {
                continue;
            }

            return ngx_openai_file_failed(file, &file->path, "cannot be made",
                                          ngx_errno, log);
        }

        rc = ngx_openai_file_lock(file, &fd, &file->fresh, log);

        if (rc == NGX_AGAIN) {
            continue;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_openai_file_reserve(file, fd, size, log);

        if (rc != NGX_OK) {
            (void) ngx_delete_file(file->fresh.data);
            (void) ngx_close_file(fd);
            return rc;
        }

        file->fd = fd;
        file->made = 1;

        return NGX_OK;
    }

    return ngx_openai_file_used(file, &file->fresh, log);
}


void *
ngx_openai_file_map(ngx_openai_file_t *file, ngx_fd_t fd, void *addr,
    size_t size, ngx_log_t *log)
{
    void       *p;
    ngx_err_t   err;

    /* first elsewhere, because MAP_FIXED may unmap even when it fails */

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED && addr) {
        (void) munmap(p, size);
        p = mmap(addr, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd, 0);
    }

    if (p == MAP_FAILED) {
        err = ngx_errno;
        (void) ngx_openai_file_failed(file, &file->path, "cannot be mapped",
                                      err, log);
        return NULL;
    }

    return p;
}


void
ngx_openai_file_spare(ngx_openai_file_t *file, ngx_log_t *log)
{
    void  *p;

    p = mmap(NULL, file->mapped + ngx_pagesize, PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANON, -1, 0);

    if (p == MAP_FAILED) {
        ngx_log_error(NGX_LOG_WARN, log, ngx_errno,
                      "openai_monitor zone \"%V\": mmap() of %O bytes failed, "
                      "nothing is recorded if file \"%V\" is cut",
                      &file->zone, file->mapped, &file->path);
        return;
    }

    file->spare = p;
}


ngx_uint_t
ngx_openai_file_cut(ngx_openai_file_t *file)
{
    uint64_t         magic;
    ngx_file_info_t  fi;

    if (file->mapped == 0) {
        return 0;
    }

    if (ngx_fd_info(file->fd, &fi) == NGX_FILE_ERROR
        || ngx_file_size(&fi) < file->mapped
        || pread(file->fd, &magic, sizeof(magic), 0) != sizeof(magic))
    {
        return 1;
    }

    /* a file that was cut and has grown again is all zeros */

    return magic == 0;
}


const char *
ngx_openai_file_gone(ngx_openai_file_t *file)
{
    ngx_file_info_t  fi, now;

    if (file->mapped == 0) {
        return NULL;
    }

    if (ngx_openai_file_cut(file)
        || ngx_fd_info(file->fd, &fi) == NGX_FILE_ERROR)
    {
        return "was cut";
    }

    if (ngx_file_info(file->path.data, &now) == NGX_FILE_ERROR) {
        return (ngx_errno == NGX_ENOENT) ? "was deleted" : NULL;
    }

    return (now.st_dev == fi.st_dev && now.st_ino == fi.st_ino)
           ? NULL : "was replaced";
}


void
ngx_openai_file_commit(ngx_openai_file_t *file, ngx_log_t *log)
{
    if (!file->made) {
        return;
    }

    file->made = 0;

    if (file->reason) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "openai_monitor zone \"%V\": file \"%V\" %s, "
                      "it is set aside as \"%V\"",
                      &file->zone, &file->path, file->reason, &file->aside);

        if (ngx_rename_file(file->path.data, file->aside.data)
            == NGX_FILE_ERROR)
        {
            ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                          ngx_rename_file_n " \"%V\" to \"%V\" failed",
                          &file->path, &file->aside);
        }
    }

    if (ngx_rename_file(file->fresh.data, file->path.data) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_rename_file_n " \"%V\" to \"%V\" failed",
                      &file->fresh, &file->path);
    }

    if (file->found != NGX_INVALID_FILE) {
        (void) ngx_close_file(file->found);
        file->found = NGX_INVALID_FILE;
    }
}


void
ngx_openai_file_pass(ngx_openai_file_t *file, ngx_openai_file_t *old)
{
    file->fd = old->fd;
    old->fd = NGX_INVALID_FILE;

    file->found = old->found;
    old->found = NGX_INVALID_FILE;

    file->mapped = old->mapped;
    file->spare = old->spare;
    old->spare = NULL;
}


void
ngx_openai_file_private(ngx_openai_file_t *file)
{
    if (file->fd != NGX_INVALID_FILE) {
        (void) fcntl(file->fd, F_SETFD, FD_CLOEXEC);
    }

    if (file->found != NGX_INVALID_FILE) {
        (void) fcntl(file->found, F_SETFD, FD_CLOEXEC);
    }
}
