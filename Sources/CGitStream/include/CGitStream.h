#ifndef KEPTN_GIT_STREAM_H
#define KEPTN_GIT_STREAM_H

/* Is told which socket a connection of libgit2's uses, and with -1 that it is about to be closed. */
typedef void (*keptn_socket_observer)(void *context, int socket);

/* Lets libgit2 connect by sockets of ours, which somebody else can shut down: its own wait without an end.
   Returns zero or an error of libgit2's. Once for the process. */
int keptn_git_use_observed_sockets(void);

/* Who is told about the sockets of the calls on this thread; NULL for nobody. */
void keptn_git_observe_sockets(keptn_socket_observer observer, void *context);

#endif
