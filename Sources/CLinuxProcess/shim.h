// glibc functions that Swift's Glibc module leaves out, as they are GNU extensions (Debian 12 has glibc 2.36).
#ifndef CLINUXPROCESS_SHIM_H
#define CLINUXPROCESS_SHIM_H

#include <spawn.h>
#include <sys/types.h>

// sys/pidfd.h, since glibc 2.36: a descriptor that becomes readable when the process has ended.
int pidfd_open(pid_t pid, unsigned int flags);

// spawn.h, since glibc 2.29 and 2.34.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

#endif
