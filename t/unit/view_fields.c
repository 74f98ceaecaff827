
/*
 * Copyright (C) 2026 ngx_http_openai_monitor_module contributors
 */


/*
 * The promise: the table of fields and the OpenAPI document say the same.
 * Every row is a property of its schema, required and of a type that fits the
 * row's kind, and every property is a row.  The columns of CSV are numbered
 * without a gap.
 *
 * Seen to fail when a row was missing, when a row had another name, when the
 * document had another type, and when two rows had the same column.
 */


#include <yyjson.h>

#include "store/record.c"
#include "store/fields.c"
#include "tap.h"


/* what a kind is in JSON */

static const char *
type_of(const ngx_openai_field_t *field)
{
    switch (field->as) {

    case NGX_OPENAI_AS_LIST:
    case NGX_OPENAI_AS_ATTEMPTS:
        return "array";

    case NGX_OPENAI_AS_SIDES:
    case NGX_OPENAI_AS_WITHHELD:
    case NGX_OPENAI_AS_GROUP:
        return "object";

    case NGX_OPENAI_AS_FLAG:
    case NGX_OPENAI_AS_BIT:
    case NGX_OPENAI_AS_COMPLETE:
        return "boolean";

    case NGX_OPENAI_AS_DATE:
    case NGX_OPENAI_AS_VERSION:
        return "string";

    case NGX_OPENAI_AS_FRESH:
    case NGX_OPENAI_AS_COUNT:
    case NGX_OPENAI_AS_SIZE:
    case NGX_OPENAI_AS_STATUS:
    case NGX_OPENAI_AS_EVENTS:
        return "integer";

    default:
        return ngx_openai_field_is_text(field) ? "string" : "number";
    }
}


/* follows "$ref", and takes the object of an object or null */

static yyjson_val *
resolve(yyjson_val *doc, yyjson_val *schema)
{
    const char  *ref;
    yyjson_val  *one;

    one = yyjson_arr_get_first(yyjson_obj_get(schema, "oneOf"));

    if (one) {
        schema = one;
    }

    ref = yyjson_get_str(yyjson_obj_get(schema, "$ref"));

    return ref ? yyjson_ptr_get(doc, ref + 1) : schema;
}


static int
has_type(yyjson_val *schema, const char *want)
{
    size_t       i, n;
    yyjson_val  *type, *one;

    type = yyjson_obj_get(schema, "type");

    if (yyjson_equals_str(type, want)) {
        return 1;
    }

    yyjson_arr_foreach(type, i, n, one) {
        if (yyjson_equals_str(one, want)) {
            return 1;
        }
    }

    return 0;
}


static int
is_required(yyjson_val *schema, const char *name)
{
    size_t       i, n;
    yyjson_val  *one;

    yyjson_arr_foreach(yyjson_obj_get(schema, "required"), i, n, one) {
        if (yyjson_equals_str(one, name)) {
            return 1;
        }
    }

    return 0;
}


/* how many of the rows, from "field" on, the schema does not describe; adds
   to *rows how many it should describe */

static int
undescribed(yyjson_val *doc, yyjson_val *schema,
    const ngx_openai_field_t *field, ngx_uint_t member, size_t *rows)
{
    int          n;
    size_t       members;
    const char  *type;
    yyjson_val  *property;

    n = 0;

    for ( /* void */ ; field->name; field++) {

        if (field->member != member) {

            if (member) {
                break;
            }

            continue;
        }

        ++*rows;

        type = type_of(field);
        property = resolve(doc, yyjson_obj_get(yyjson_obj_get(schema,
                                                              "properties"),
                                               field->name));

        /* a count may be described as a number */

        if (property == NULL
            || !is_required(schema, field->name)
            || !(has_type(property, type)
                 || (strcmp(type, "integer") == 0
                     && has_type(property, "number"))))
        {
            printf("# \"%s\" is not described as %s\n", field->name, type);
            n++;
        }

        if (field->as == NGX_OPENAI_AS_GROUP && property) {
            members = 0;
            n += undescribed(doc, property, field + 1, 1, &members);
            n += (yyjson_obj_size(yyjson_obj_get(property, "properties"))
                  != members);
        }
    }

    return n;
}


static void
test_schema(yyjson_val *doc, const char *path,
    const ngx_openai_field_t *fields, size_t others, const char *name)
{
    int          missing;
    size_t       rows;
    yyjson_val  *schema;

    rows = 0;
    schema = yyjson_ptr_get(doc, path);
    missing = undescribed(doc, schema, fields, 0, &rows);

    ok(rows > 0 && missing == 0, name);
    ok(yyjson_obj_size(yyjson_obj_get(schema, "properties")) == rows + others,
       "and describes no others");
}


static void
test_columns(void)
{
    ngx_uint_t                 n, count, wrong;
    const ngx_openai_field_t  *field, *other;

    count = 0;
    wrong = 0;

    for (field = ngx_openai_fields; field->name; field++) {
        count += (field->column != 0);

        for (other = ngx_openai_fields; other < field; other++) {
            wrong += (field->column && field->column == other->column);
        }
    }

    for (n = 1; ngx_openai_field_column(n); n++) { /* void */ }

    ok(n == count + 1 && count > 0 && !wrong, "columns from 1 on, each once");
}


int
main(void)
{
    yyjson_doc  *doc;
    yyjson_val  *root;

    doc = yyjson_read_file("../../html/src/openapi.json", 0, NULL, NULL);

    if (doc == NULL) {
        printf("Bail out! no html/src/openapi.json\n");
        return 1;
    }

    root = yyjson_doc_get_root(doc);

    test_schema(root, "/components/schemas/Summary", ngx_openai_fields, 0,
                "Summary describes every row");
    test_schema(root, "/components/schemas/Timing", ngx_openai_timing_fields,
                0, "Timing describes every row");

    /* beside bodies, what they mean, limits and pieces */

    test_schema(root, "/components/schemas/Record/allOf/1",
                ngx_openai_detail_fields, 9, "Record describes every row");

    test_columns();

    yyjson_doc_free(doc);

    return done_testing();
}
