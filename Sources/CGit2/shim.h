#include <git2.h>
#include <git2/sys/transport.h>

/* git_libgit2_opts takes variable arguments, which Swift cannot call. */

/* Makes libgit2 sync every object and reference before it answers. */
static inline int keptn_git_sync_writes(void) {
    return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}

/* Keeps the machine's and the user's Git settings out. */
static inline int keptn_git_ignore_outside_settings(void) {
    int levels[] = {
        GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA
    };
    for (int i = 0; i < 4; i++) {
        int error = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
        if (error) return error;
    }
    return 0;
}

static inline int keptn_git_limit_object_cache(long bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)bytes);
}
