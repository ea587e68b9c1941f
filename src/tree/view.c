/* SPDX-License-Identifier: MIT */
#include "tree/view.h"

#include <errno.h>
#include <stdlib.h>

#define VIEWS_MAX 8 /* of a shard: each may keep CO_TREE_CACHE_BYTES and descriptors */

static struct co_tree_view *view_of(struct co_link *link)
{
    return CO_CONTAINER(link, struct co_tree_view, link);
}

void co_tree_view_leave(struct co_tree_view *view)
{
    if (!view || --view->references > 0)
        return;
    co_tree_cache_free(view->cache);
    co_tree_free(view->tree);
    free(view->home);
    free(view);
}

static void view_drop(struct co_tree_views *views, struct co_tree_view *view)
{
    co_list_remove(&view->link);
    views->count--;
    co_tree_view_leave(view);
}

void co_tree_views_init(struct co_tree_views *views, struct co_tree *root, bool hidden)
{
    *views = (struct co_tree_views){.root = root, .hidden = hidden};
    co_list_init(&views->views);
}

void co_tree_views_clear(struct co_tree_views *views)
{
    while (!co_list_empty(&views->views))
        view_drop(views, view_of(views->views.next));
}

static struct co_tree_view *view_find(struct co_tree_views *views, const struct co_account *account)
{
    co_text home = co_text_of(account->home);
    for (struct co_link *link = views->views.next; link != &views->views; link = link->next) {
        struct co_tree_view *view = view_of(link);
        if (view->rights == account->rights && view->quota == account->quota &&
            co_text_equal(co_text_of(view->home), home))
            return view;
    }
    return NULL;
}

static int view_open(struct co_tree_view *view, const struct co_tree_views *views)
{
    const struct co_tree_options options = {
        .hidden = views->hidden, .rights = view->rights, .quota = view->quota};
    co_text home = co_text_of(view->home);
    int rc = co_tree_stat_path(views->root, home, &view->folder);
    if (rc == 0)
        rc = co_tree_open_below(&view->tree, views->root, home, &options);
    return rc < 0 ? rc : co_tree_cache_new(&view->cache, view->tree);
}

static int view_new(
    const struct co_tree_views *views, const struct co_account *account, struct co_tree_view **ret)
{
    struct co_tree_view *view = calloc(1, sizeof *view);
    if (!view)
        return -ENOMEM;
    *view =
        (struct co_tree_view){.rights = account->rights, .quota = account->quota, .references = 1};
    view->home = strdup(account->home ? account->home : "");
    int rc = view->home ? view_open(view, views) : -ENOMEM;
    if (rc < 0)
        co_tree_view_leave(view);
    else
        *ret = view;
    return rc;
}

/* In the first place; the last one goes when there are too many. */
static void view_add(struct co_tree_views *views, struct co_tree_view *view)
{
    if (views->count == VIEWS_MAX)
        view_drop(views, view_of(views->views.prev));
    co_list_prepend(&views->views, &view->link);
    views->count++;
}

static void view_touch(struct co_tree_views *views, struct co_tree_view *view)
{
    if (views->views.next == &view->link)
        return;
    co_list_remove(&view->link);
    co_list_prepend(&views->views, &view->link);
}

/* Is the view's folder still the one that has the home's name? */
static bool is_current(const struct co_tree_views *views, const struct co_tree_view *view)
{
    struct co_tree_stat now;
    if (!*view->home)
        return true;
    return co_tree_stat_path(views->root, co_text_of(view->home), &now) == 0 &&
           now.inode == view->folder.inode && now.device == view->folder.device;
}

/* Opening waits: another fiber may have come first. */
static int view_make(
    struct co_tree_views *views, const struct co_account *account, struct co_tree_view **ret)
{
    struct co_tree_view *view = NULL;
    int rc = view_new(views, account, &view);
    if (rc < 0)
        return rc;
    struct co_tree_view *other = view_find(views, account);
    if (other)
        view_drop(views, other);
    view_add(views, view);
    view->references++;
    *ret = view;
    return 0;
}

int co_tree_view_enter(
    struct co_tree_views *views, const struct co_account *account, struct co_tree_view **ret)
{
    struct co_tree_view *view = view_find(views, account);
    if (!view)
        return view_make(views, account, ret);
    view_touch(views, view);
    view->references++; /* the look may wait */
    if (CO_LIKELY(is_current(views, view))) {
        *ret = view;
        return 0;
    }
    co_tree_view_leave(view);
    return view_make(views, account, ret);
}
