/* SPDX-License-Identifier: MIT */
#include "transfer/mirror_folder.h"

#include "coronet/fiber.h"

static int see(void *arg, const struct co_remote_entry *entry)
{
    struct co_folder *folder = arg;
    if (folder->count == CO_FOLDER_ENTRIES_MAX)
        return co_fail(CO_ETOOBIG, "the folder holds more than %d entries", CO_FOLDER_ENTRIES_MAX);
    struct co_remote_entry kept = *entry;
    kept.name.at = NULL; /* the names may still move */
    co_buf_add(&folder->room, &kept, sizeof kept);
    co_buf_add_text(&folder->names, entry->name);
    folder->count++;
    return folder->room.error ? folder->room.error : folder->names.error;
}

/* Gives the entries their names, and leaves out those that come again. */
static int index_entries(struct co_folder *folder)
{
    const char *name = folder->names.at;
    size_t kept = 0;
    folder->entries = (void *)folder->room.at;
    for (size_t i = 0; i < folder->count; i++) {
        struct co_remote_entry entry = folder->entries[i];
        entry.name.at = name;
        name += entry.name.size;
        if (co_map_get(&folder->map, entry.name))
            continue;
        folder->entries[kept] = entry;
        int rc = co_map_set(&folder->map, entry.name, &folder->entries[kept]);
        if (rc < 0)
            return rc;
        kept++;
    }
    folder->count = kept;
    return 0;
}

int co_folder_list(
    struct co_folder *folder, struct co_remote *remote, co_text path, int *ret_status)
{
    struct co_remote_listing listing = {.see = see, .arg = folder};
    uint64_t secret[2];
    co_random(secret, sizeof secret);
    *folder = (struct co_folder){
        .room = CO_BUF(CO_FOLDER_ENTRIES_MAX * sizeof(struct co_remote_entry)),
        .names = CO_BUF(CO_FOLDER_NAMES_MAX),
    };
    co_map_init(&folder->map, secret);
    int rc = remote->kind->list(remote, path, &listing, ret_status);
    if (rc == 0)
        rc = index_entries(folder);
    folder->is_whole = rc == 0 && listing.is_whole;
    folder->refused = listing.refused;
    return rc;
}

void co_folder_close(struct co_folder *folder)
{
    co_map_free(&folder->map);
    co_buf_free(&folder->room);
    co_buf_free(&folder->names);
}

const struct co_remote_entry *co_folder_find(const struct co_folder *folder, co_text name)
{
    return co_map_get(&folder->map, name);
}
