/* SPDX-License-Identifier: MIT */
/*
 * Views: what accounts see of a served folder, in one shard.
 *
 * Accounts of the same home, rights and quota share a view: the tree below the folder that has the
 * home's name, and a cache of its files. The latest few stay open, so that neither every request
 * nor every login opens them anew; one in use (referenced) outlives its place among them.
 */
#ifndef CO_TREE_VIEW_H
#define CO_TREE_VIEW_H

#include "base/list.h"
#include "tree/cache.h"

struct co_tree_views {
    struct co_tree *root; /* for whoever may do everything: borrowed */
    bool hidden;          /* as co_tree_options */
    struct co_link views; /* the latest first */
    unsigned count;
};

/* To be read, not written. */
struct co_tree_view {
    struct co_link link; /* among the shard's */
    struct co_tree *tree;
    struct co_tree_cache *cache;
    struct co_tree_stat folder; /* the home: another may get its name */
    char *home;
    unsigned rights;
    co_quota *quota;
    unsigned references; /* the shard's own is one */
};

void co_tree_views_init(struct co_tree_views *views, struct co_tree *root, bool hidden);
/* Inside a fiber, as all that follows. Views in use stay until they are left. */
void co_tree_views_clear(struct co_tree_views *views);

/* The account's view; give it back with co_tree_view_leave. Suspends, unless the account has no
 * home and its view is open. Returns as co_tree_open_below. */
int co_tree_view_enter(
    struct co_tree_views *views, const struct co_account *account, struct co_tree_view **ret);
void co_tree_view_leave(struct co_tree_view *view); /* NULL is allowed */

#endif
