/* SPDX-License-Identifier: MIT */
#include "test_tree.h"

#include "falsify.h"
#include "tree/cache.h"

#include <pthread.h>
#include <stdatomic.h>

#define LARGE (CO_TREE_INLINE_MAX + 1)

static struct co_tree_cache *cache;

static int setup(void **state)
{
    int rc = test_setup(state);
    return rc ? rc : co_tree_cache_new(&cache, base.tree);
}

static int teardown(void **state)
{
    co_tree_cache_free(cache);
    return test_teardown(state);
}

/* What the backend does when a request has come in. */
static void input_arrives(void)
{
    co_rt_current()->input_serial++;
}

static struct co_tree_file *get(const char *path)
{
    struct co_tree_file *file = NULL;
    assert_int_equal(co_tree_cache_get(cache, co_text_of(path), &file), 0);
    return file;
}

static void release(struct co_tree_file *file)
{
    co_tree_cache_release(cache, file);
}

/* The file's times as if it had last been changed long ago: the cache trusts it. The status change
 * time cannot be set, so wait (by the file system's own clock) until it is old enough. */
static void put_settled(const char *path, const char *content)
{
    put(path, content);
    struct stat st, clock;
    assert_int_equal(fstatat(base.fd, path, &st, 0), 0);
    do {
        put("clock", "");
        assert_int_equal(fstatat(base.fd, "clock", &clock, 0), 0);
    } while ((clock.st_ctim.tv_sec - st.st_ctim.tv_sec) * CO_SECOND + clock.st_ctim.tv_nsec -
                 st.st_ctim.tv_nsec <
             CO_TREE_SETTLED_NS + 5 * CO_MS);
}

static void put_large(const char *path)
{
    put(path, "inside");
    int fd = openat(base.fd, path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, LARGE), 0);
    close(fd);
}

static void small_files_are_read_large_ones_kept_open(void **state)
{
    (void)state;
    put("root/small", "inside");
    put("root/empty", "");
    put_large("root/large");
    struct co_tree_file *small = get("small"), *empty = get("empty"), *large = get("large");
    struct co_tree_file *root = get("");
    assert_int_equal(small->fd, -1);
    assert_int_equal(small->stat.size, 6);
    assert_memory_equal(small->bytes, "inside", 6);
    assert_non_null(empty->bytes);
    assert_int_equal(empty->stat.size, 0);
    assert_null(large->bytes);
    assert_true(large->fd >= 0);
    assert_int_equal(large->stat.size, LARGE);
    assert_int_equal(root->stat.kind, CO_TREE_FOLDER);
    assert_true(root->fd >= 0);
    release(small), release(empty), release(large), release(root);
}

static void what_does_not_exist_is_not_cached(void **state)
{
    (void)state;
    struct co_tree_file *file;
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("late"), &file), -ENOENT);
    put("root/late", "inside");
    release(get("late"));
    link_to("root/out", "../outside/file");
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("out"), &file), -ENOENT);
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("../outside/file"), &file), -ENOENT);
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("late\0"), &file), -ENOENT);
    static char path[CO_TREE_PATH_MAX + 1];
    memset(path, 'n', sizeof path);
    co_text long_path = {path, sizeof path};
    assert_int_equal(co_tree_cache_get(cache, long_path, &file), -ENAMETOOLONG);
}

static void requests_that_came_together_share_one_look_up(void **state)
{
    (void)state;
    put("root/file", "inside");
    struct co_tree_file *first = get("file");
    put("root/file", "in between");
    struct co_tree_file *second = get("file");
    assert_ptr_equal(first, second);
    release(first), release(second);
}

/* Root's own names and deeper ones are looked up again in different ways. */
static void unchanged_files_are_reused_for_later_requests(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/file", "inside");
    put_large("root/large");
    link_to("root/link", "a/file");
    put_settled("root/file", "inside");
    const char *paths[] = {"file", "a/file", "large", "link"};
    for (size_t i = 0; i < CO_LENGTH(paths); i++) {
        struct co_tree_file *first = get(paths[i]);
        release(first);
        input_arrives();
        struct co_tree_file *second = get(paths[i]);
        assert_ptr_equal(first, second);
        release(second);
    }
}

static void assert_next_request_sees(const char *path, const char *content)
{
    input_arrives();
    struct co_tree_file *file = get(path);
    assert_int_equal(file->stat.size, strlen(content));
    assert_memory_equal(file->bytes, content, strlen(content));
    release(file);
}

static void changes_are_seen_by_the_next_request(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/file", "inside");
    put_settled("root/file", "inside");
    assert_next_request_sees("file", "inside");
    put("root/file", "change");
    assert_next_request_sees("file", "change");
    assert_next_request_sees("a/file", "inside");
    put("root/a/new", "rename");
    assert_int_equal(renameat(base.fd, "root/a/new", base.fd, "root/a/file"), 0);
    assert_next_request_sees("a/file", "rename");
    assert_int_equal(unlinkat(base.fd, "root/a/file", 0), 0);
    struct co_tree_file *file;
    input_arrives();
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("a/file"), &file), -ENOENT);
}

/* Two contents of equal length within one tick of the clock have equal times, too (but for file
 * systems that count finer since Linux 6.13). */
static void changes_within_one_tick_are_seen(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char content[8];
        snprintf(content, sizeof content, "%06u", i);
        put("root/file", content);
        assert_next_request_sees("file", content);
    }
}

/* As above, on any kernel: a time in the future stands for one that has only just passed. */
static void files_changed_just_now_are_read_again(void **state)
{
    (void)state;
    static int made;
    put_settled("root/file", "inside");
    struct timespec times[2];
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &times[1]), 0);
    times[1].tv_sec += 3600;
    times[0] = times[1];
    assert_int_equal(utimensat(base.fd, "root/file", times, 0), 0);
    struct co_tree_file *file = get("file");
    file->made = &made;
    release(file);
    input_arrives();
    file = get("file");
    assert_null(file->made);
    release(file);
}

/* The file itself is the same, and yet its path leads out now. */
static void folder_moved_out_with_a_link_left_is_refused_m01(void **state)
{
    (void)state;
    folder("root/a");
    put_settled("root/a/file", "inside");
    release(get("a/file"));
    assert_int_equal(renameat(base.fd, "root/a", base.fd, "outside/a"), 0);
    link_to("root/a", "../outside/a");
    input_arrives();
    struct co_tree_file *file;
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("a/file"), &file), -ENOENT);
}

static void file_replaced_by_a_link_that_leads_out_is_refused_m01(void **state)
{
    (void)state;
    put_settled("root/file", "inside");
    release(get("file"));
    assert_int_equal(renameat(base.fd, "root/file", base.fd, "outside/moved"), 0);
    link_to("root/file", "../outside/moved");
    input_arrives();
    struct co_tree_file *file;
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("file"), &file), -ENOENT);
}

/* The same again, but what the name stands for has not changed at all, not even its times. */
static void link_turned_to_lead_out_is_refused_m01(void **state)
{
    (void)state;
    folder("root/a");
    put_settled("root/a/file", "inside");
    link_to("root/link", "a/file");
    release(get("link"));
    assert_int_equal(renameat(base.fd, "root/a", base.fd, "outside/a"), 0);
    assert_int_equal(unlinkat(base.fd, "root/link", 0), 0);
    link_to("root/link", "../outside/a/file");
    input_arrives();
    struct co_tree_file *file;
    assert_int_equal(co_tree_cache_get(cache, CO_TEXT("link"), &file), -ENOENT);
}

static unsigned made_freed;

static void count_freed(void *made)
{
    (void)made;
    made_freed++;
}

static void what_was_made_of_a_file_goes_with_it(void **state)
{
    (void)state;
    static int made;
    made_freed = 0;
    put_settled("root/file", "inside");
    struct co_tree_file *file = get("file");
    file->made = &made;
    file->free_made = count_freed;
    release(file);
    input_arrives();
    file = get("file");
    assert_ptr_equal(file->made, &made);
    put("root/file", "change");
    input_arrives();
    struct co_tree_file *changed = get("file");
    assert_null(changed->made);
    assert_memory_equal(changed->bytes, "change", 6);
    assert_memory_equal(file->bytes, "inside", 6); /* still in use */
    assert_int_equal(made_freed, 0);
    release(file);
    assert_int_equal(made_freed, 1);
    release(changed);
}

/* Fills the cache with `count` files of `size` bytes; how many of them it still holds. */
static size_t count_kept(size_t count, off_t size)
{
    char path[32];
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "root/%zu", i);
        put(path, "inside");
        int fd = openat(base.fd, path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, size), 0);
        close(fd);
        struct co_tree_file *file = get(path + 5);
        file->made = path;
        file->free_made = count_freed;
        release(file);
    }
    return count - made_freed;
}

static void holds_no_more_entries_than_allowed(void **state)
{
    (void)state;
    made_freed = 0;
    assert_int_equal(count_kept(1100, 10), CO_TREE_CACHE_ENTRIES - CO_TREE_CACHE_OPEN);
}

static void holds_no_more_bytes_than_allowed(void **state)
{
    (void)state;
    made_freed = 0;
    assert_int_equal(count_kept(600, CO_TREE_INLINE_MAX), CO_TREE_CACHE_BYTES / CO_TREE_INLINE_MAX);
}

static void what_was_made_of_files_counts(void **state)
{
    (void)state;
    made_freed = 0;
    struct co_tree_file *file[3];
    assert_int_equal(count_kept(3, 1000), 3);
    for (int i = 0; i < 3; i++)
        file[i] = get(i == 0 ? "0" : i == 1 ? "1" : "2");
    co_tree_cache_grow(cache, file[2], CO_TREE_CACHE_BYTES / 2);
    for (int i = 0; i < 3; i++)
        release(file[i]);
    assert_int_equal(made_freed, 0);
    file[1] = get("1");
    co_tree_cache_grow(cache, file[1], CO_TREE_CACHE_BYTES / 2); /* with the content, too much */
    assert_int_equal(made_freed, 2);
    co_tree_cache_grow(cache, file[1], CO_TREE_CACHE_BYTES); /* alone, too much: it goes as well */
    assert_int_equal(made_freed, 2);
    co_tree_cache_grow(cache, file[1], CO_TREE_CACHE_BYTES); /* no longer counted */
    release(file[1]);
    assert_int_equal(made_freed, 3);
    made_freed = 0;
    assert_int_equal(count_kept(3, 1000), 3);
}

static void holds_no_more_descriptors_than_allowed(void **state)
{
    (void)state;
    made_freed = 0;
    assert_int_equal(count_kept(CO_TREE_CACHE_OPEN + 10, LARGE), CO_TREE_CACHE_OPEN);
    struct co_tree_file *last = get("137"), *first = get("0");
    assert_non_null(last->made);
    assert_null(first->made); /* the least recently used went */
    release(last), release(first);
}

static struct co_tree_file *made_of(struct co_tree_file *file)
{
    file->made = file;
    file->free_made = count_freed;
    return file;
}

/* In virtual time. */
static void a_descriptor_that_nobody_uses_is_closed_in_time(void **state)
{
    (void)state;
    const int64_t half_ms = CO_TREE_CACHE_OPEN_NS / CO_MS / 2 + 1;
    made_freed = 0;
    put_large("root/left");
    put_large("root/used");
    put_large("root/held");
    release(made_of(get("left")));
    release(made_of(get("used")));
    struct co_tree_file *held = made_of(get("held"));
    co_sleep(half_ms);
    release(get("used"));
    assert_int_equal(made_freed, 0);
    co_sleep(half_ms);
    assert_int_equal(made_freed, 1); /* "held" has left the cache, and is as open as before */
    assert_true(fcntl(held->fd, F_GETFD) >= 0);
    release(held);
    assert_int_equal(made_freed, 2);
    co_sleep(half_ms);
    assert_int_equal(made_freed, 3);
    release(get("used"));
    co_sleep(2 * half_ms);
}

/* M03: the writer shrinks and grows the file all the time. */
static atomic_bool writer_stop;

static void *resize_without_pause(void *arg)
{
    int fd = openat(base.fd, "root/file", O_WRONLY | O_CLOEXEC);
    for (off_t size = 0; !atomic_load(&writer_stop); size = (size + 7919) % CO_TREE_INLINE_MAX)
        (void)!ftruncate(fd, size);
    close(fd);
    return arg;
}

static void file_resized_during_reads_is_as_long_as_it_says_m03(void **state)
{
    (void)state;
    pthread_t writer;
    put("root/file", "inside");
    atomic_store(&writer_stop, false);
    assert_int_equal(pthread_create(&writer, NULL, resize_without_pause, NULL), 0);
    for (unsigned i = 0; i < 5000; i++) {
        input_arrives();
        struct co_tree_file *file = get("file");
        assert_true(file->bytes ? file->fd < 0 : file->fd >= 0);
        for (uint64_t at = 0; file->bytes && at < file->stat.size; at++)
            assert_false(at > 6 && file->bytes[at]); /* unwritten memory, or unreadable */
        release(file);
    }
    atomic_store(&writer_stop, true);
    pthread_join(writer, NULL);
}

/* As the kernel's own files always are: they claim a page. */
static void file_shorter_than_it_says_is_not_kept_in_memory_m03(void **state)
{
    (void)state;
    struct co_tree *kernel;
    struct co_tree_cache *odd;
    struct co_tree_file *file;
    if (co_tree_open(&kernel, "/sys/devices/system/cpu", NULL) < 0)
        skip();
    assert_int_equal(co_tree_cache_new(&odd, kernel), 0);
    assert_int_equal(co_tree_cache_get(odd, CO_TEXT("online"), &file), 0);
    assert_true(file->stat.size > 100);
    assert_null(file->bytes);
    assert_true(file->fd >= 0);
    co_tree_cache_release(odd, file);
    co_tree_cache_free(odd);
    co_tree_free(kernel);
}

static unsigned drawn;

static void count_draws(struct co_rt *rt, void *bytes, size_t size)
{
    drawn += size == 16;
    honest->random(rt, bytes, size);
}

/* Paths come from peers: what decides where they stand must be nobody's to guess. */
static void each_cache_draws_a_secret_of_its_own_h24(void **state)
{
    (void)state;
    struct co_tree_cache *other;
    drawn = 0;
    falsify()->random = count_draws;
    assert_int_equal(co_tree_cache_new(&other, base.tree), 0);
    falsify_end();
    assert_int_equal(drawn, 1);
    co_tree_cache_free(other);
}

static void entries_in_use_outlive_the_cache(void **state)
{
    (void)state;
    put("root/file", "inside");
    struct co_tree_cache *short_lived;
    struct co_tree_file *file;
    assert_int_equal(co_tree_cache_new(&short_lived, base.tree), 0);
    assert_int_equal(co_tree_cache_get(short_lived, CO_TEXT("file"), &file), 0);
    co_tree_cache_free(short_lived);
    assert_memory_equal(file->bytes, "inside", 6);
    release(file);
    co_tree_cache_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest all[] = {
    TEST(small_files_are_read_large_ones_kept_open),
    TEST(what_does_not_exist_is_not_cached),
    TEST(requests_that_came_together_share_one_look_up),
    TEST(changes_are_seen_by_the_next_request),
    TEST(folder_moved_out_with_a_link_left_is_refused_m01),
    TEST(file_replaced_by_a_link_that_leads_out_is_refused_m01),
    TEST(link_turned_to_lead_out_is_refused_m01),
    TEST(holds_no_more_entries_than_allowed),
    TEST(holds_no_more_bytes_than_allowed),
    TEST(what_was_made_of_files_counts),
    TEST(holds_no_more_descriptors_than_allowed),
    TEST(file_resized_during_reads_is_as_long_as_it_says_m03),
    TEST(file_shorter_than_it_says_is_not_kept_in_memory_m03),
    TEST(each_cache_draws_a_secret_of_its_own_h24),
    TEST(entries_in_use_outlive_the_cache),
};

/* Not in virtual time, where nothing settles. */
static const struct CMUnitTest settling[] = {
    TEST(unchanged_files_are_reused_for_later_requests),
    TEST(changes_within_one_tick_are_seen),
    TEST(files_changed_just_now_are_read_again),
    TEST(what_was_made_of_a_file_goes_with_it),
};

static const struct CMUnitTest timed[] = {
    TEST(a_descriptor_that_nobody_uses_is_closed_in_time),
};

int main(void)
{
    return run_within(NULL, all) || run_within(NULL, settling) || run_within("virtual", all) ||
           run_within("virtual", timed);
}
