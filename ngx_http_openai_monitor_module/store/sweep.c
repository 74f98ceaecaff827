
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The timer that wipes.  A record that is cleared or evicted leaves its bytes
 * in pages and entries that nobody may need for long.  A worker that made such
 * a record go, or finds one that is gone, wipes a slice of them at each tick
 * until there is nothing left.  The timer does not keep a worker that exits.
 *
 * Called by the writer, by a clear, and by a worker that starts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "store/shared.h"


#define NGX_OPENAI_SWEEP_MS      5
#define NGX_OPENAI_SWEEP_BUSY    500     /* ms, while the lock is stuck */
#define NGX_OPENAI_SWEEP_SLICES  4       /* of a tick, of 128 KB each */


typedef struct {
    ngx_event_t        event;
    ngx_connection_t   dumb;            /* whom a timer is logged for */
} ngx_openai_wiper_t;


static ngx_event_t *ngx_openai_sweep_create(ngx_openai_zone_t *zone);
static void ngx_openai_sweep_handler(ngx_event_t *ev);
static void ngx_openai_sweep_cleanup(void *data);


void
ngx_openai_zone_sweep(ngx_openai_zone_t *zone)
{
    if (zone->wiper == NULL) {
        zone->wiper = ngx_openai_sweep_create(zone);
    }

    if (zone->wiper && !zone->wiper->timer_set && !ngx_exiting) {
        ngx_add_timer(zone->wiper, NGX_OPENAI_SWEEP_MS);
    }
}


static ngx_event_t *
ngx_openai_sweep_create(ngx_openai_zone_t *zone)
{
    ngx_pool_cleanup_t  *cln;
    ngx_openai_wiper_t  *wiper;

    /* A single process outlives the cycle that has the zone, and may come here
       for the old zone after a reload.  The timer goes with the zone. */

    cln = ngx_pool_cleanup_add(zone->pool, sizeof(ngx_openai_wiper_t));
    if (cln == NULL) {
        return NULL;
    }

    wiper = cln->data;
    ngx_memzero(wiper, sizeof(ngx_openai_wiper_t));

    cln->handler = ngx_openai_sweep_cleanup;

    wiper->dumb.fd = (ngx_socket_t) -1;
    wiper->dumb.data = zone;

    wiper->event.handler = ngx_openai_sweep_handler;
    wiper->event.data = &wiper->dumb;
    wiper->event.log = ngx_cycle->log;
    wiper->event.cancelable = 1;

    return &wiper->event;
}


static void
ngx_openai_sweep_handler(ngx_event_t *ev)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_connection_t   *dumb;
    ngx_openai_zone_t  *zone;

    dumb = ev->data;
    zone = dumb->data;
    rc = NGX_AGAIN;

    /* the log of a former cycle is gone after a reload of a single process */

    ev->log = ngx_cycle->log;

    for (i = 0; rc == NGX_AGAIN && i < NGX_OPENAI_SWEEP_SLICES; i++) {
        rc = ngx_openai_zone_wipe(zone);
    }

    if (rc == NGX_OK || ngx_exiting) {
        return;
    }

    ngx_add_timer(ev, (rc == NGX_AGAIN) ? NGX_OPENAI_SWEEP_MS
                                        : NGX_OPENAI_SWEEP_BUSY);
}


static void
ngx_openai_sweep_cleanup(void *data)
{
    ngx_openai_wiper_t *wiper = data;

    if (wiper->event.timer_set) {
        ngx_del_timer(&wiper->event);
    }
}
