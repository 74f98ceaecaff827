
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 *
 * Preloaded into nginx by the fault tests.  When nginx has loaded the module,
 * the module's own references to the functions that allocate are bound to
 * those here, which count, and fail or stop the process when the test says so;
 * nginx's own are not.  The wall clock is shifted as the test says.  Whenever a
 * worker has nothing to do, it tells what its heap has in use.  The test talks
 * through the file that OPENAI_SHIM names.
 *
 * Build: cc -shared -fPIC -o shim.so shim.c -ldl
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>


#define ALL  -1


typedef struct {
    volatile int64_t  calls;
    volatile int64_t  fail_at;     /* the call that fails, from 1; 0: none */
    volatile int64_t  failed;
    volatile int64_t  clock_ms;    /* what is added to the wall clock */
    volatile int64_t  bound;       /* references that lead here */
    volatile int64_t  heap;        /* bytes in use, of the last who waited */
    volatile int64_t  stop_at;     /* the call at which the process stops */
} shim_t;


static shim_t   shim_none;
static shim_t  *shim = &shim_none;


static int
shim_fails(void)
{
    if (shim->calls + 1 == shim->stop_at) {
        (void) raise(SIGSTOP);
    }

    if (++shim->calls != shim->fail_at && shim->fail_at != ALL) {
        return 0;
    }

    shim->failed++;

    return 1;
}


/* the real function, and one that fails in its place; all take up to three
   words and give a pointer */

#define shim_function(name)                                                   \
                                                                              \
    static void  *(*real_##name)(void *, size_t, size_t);                     \
                                                                              \
    static void *                                                             \
    shim_##name(void *a, size_t b, size_t c)                                  \
    {                                                                         \
        return shim_fails() ? NULL : real_##name(a, b, c);                    \
    }

shim_function(ngx_palloc)
shim_function(ngx_pnalloc)
shim_function(ngx_pcalloc)
shim_function(ngx_pmemalign)
shim_function(ngx_pool_cleanup_add)
shim_function(ngx_create_pool)
shim_function(ngx_array_create)
shim_function(ngx_array_push)
shim_function(ngx_array_push_n)
shim_function(ngx_list_push)
shim_function(ngx_alloc_chain_link)
shim_function(ngx_create_temp_buf)
shim_function(ngx_alloc)
shim_function(ngx_calloc)
shim_function(malloc)
shim_function(calloc)
shim_function(realloc)


static void  *(*real_mmap)(void *, size_t, int, int, int, off_t);

static void *
shim_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    return shim_fails() ? MAP_FAILED
                        : real_mmap(addr, size, prot, flags, fd, offset);
}


typedef struct {
    const char  *name;
    void        *function;
    void        *real;             /* where the address of it goes */
} shim_binding_t;


#define shim_binding(name)  { #name, (void *) shim_##name, &real_##name }

static shim_binding_t  shim_bindings[] = {
    shim_binding(ngx_palloc),
    shim_binding(ngx_pnalloc),
    shim_binding(ngx_pcalloc),
    shim_binding(ngx_pmemalign),
    shim_binding(ngx_pool_cleanup_add),
    shim_binding(ngx_create_pool),
    shim_binding(ngx_array_create),
    shim_binding(ngx_array_push),
    shim_binding(ngx_array_push_n),
    shim_binding(ngx_list_push),
    shim_binding(ngx_alloc_chain_link),
    shim_binding(ngx_create_temp_buf),
    shim_binding(ngx_alloc),
    shim_binding(ngx_calloc),
    shim_binding(malloc),
    shim_binding(calloc),
    shim_binding(realloc),
    shim_binding(mmap),
    { "mmap64", (void *) shim_mmap, &real_mmap }
};


static void
shim_bind_slot(const char *name, void **slot)
{
    size_t  i, page;

    for (i = 0; i < sizeof(shim_bindings) / sizeof(shim_bindings[0]); i++) {

        if (strcmp(shim_bindings[i].name, name) != 0) {
            continue;
        }

        /* the table of references may have been made read-only */

        page = (size_t) sysconf(_SC_PAGESIZE);

        if (mprotect((void *) ((uintptr_t) slot & ~(page - 1)), page,
                     PROT_READ|PROT_WRITE)
            == -1)
        {
            return;
        }

        *(void **) shim_bindings[i].real = dlsym(RTLD_DEFAULT, name);
        *slot = shim_bindings[i].function;
        shim->bound++;
    }
}


static void
shim_bind(struct link_map *map)
{
    size_t       i, n, size[2];
    const char  *names;
    ElfW(Dyn)   *d;
    ElfW(Sym)   *symbols;
    ElfW(Rela)  *tables[2];

    names = NULL;
    symbols = NULL;
    memset(tables, 0, sizeof(tables));
    memset(size, 0, sizeof(size));

    for (d = map->l_ld; d->d_tag != DT_NULL; d++) {

        switch (d->d_tag) {
        case DT_STRTAB:
            names = (const char *) d->d_un.d_ptr;
            break;
        case DT_SYMTAB:
            symbols = (ElfW(Sym) *) d->d_un.d_ptr;
            break;
        case DT_JMPREL:
            tables[0] = (ElfW(Rela) *) d->d_un.d_ptr;
            break;
        case DT_PLTRELSZ:
            size[0] = d->d_un.d_val;
            break;
        case DT_RELA:
            tables[1] = (ElfW(Rela) *) d->d_un.d_ptr;
            break;
        case DT_RELASZ:
            size[1] = d->d_un.d_val;
            break;
        }
    }

    for (n = 0; n < 2; n++) {
        for (i = 0; tables[n] && i < size[n] / sizeof(ElfW(Rela)); i++) {

            if (ELF64_R_SYM(tables[n][i].r_info)) {
                shim_bind_slot(names + symbols[ELF64_R_SYM(
                                            tables[n][i].r_info)].st_name,
                               (void **) (map->l_addr
                                          + tables[n][i].r_offset));
            }
        }
    }
}


void *
dlopen(const char *path, int flags)
{
    void   *handle;
    void  *(*real)(const char *, int);

    real = (void *(*)(const char *, int)) dlsym(RTLD_NEXT, "dlopen");
    handle = real(path, flags | RTLD_NOW);

    if (handle && path && strstr(path, "openai_monitor")) {
        shim_bind(handle);
    }

    return handle;
}


int
gettimeofday(struct timeval *tv, void *tz)
{
    struct timespec  ts;

    (void) tz;

    if (clock_gettime(CLOCK_REALTIME, &ts) == -1) {
        return -1;
    }

    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int           rc;
    static int  (*real)(clockid_t, struct timespec *);

    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))
                   dlsym(RTLD_NEXT, "clock_gettime");
    }

    rc = real(id, ts);

    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        ts->tv_sec += shim->clock_ms / 1000;
    }

    return rc;
}


int
epoll_wait(int ep, struct epoll_event *events, int n, int timeout)
{
    struct mallinfo2  heap;
    static int      (*real)(int, struct epoll_event *, int, int);

    if (real == NULL) {
        real = (int (*)(int, struct epoll_event *, int, int))
                   dlsym(RTLD_NEXT, "epoll_wait");
    }

    heap = mallinfo2();
    shim->heap = (int64_t) (heap.uordblks + heap.hblkhd);

    return real(ep, events, n, timeout);
}


__attribute__((constructor)) static void
shim_init(void)
{
    int    fd;
    char  *path;
    void  *p;

    path = getenv("OPENAI_SHIM");
    if (path == NULL) {
        return;
    }

    fd = open(path, O_RDWR);
    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(shim_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED) {
        shim = p;
    }

    close(fd);
}
