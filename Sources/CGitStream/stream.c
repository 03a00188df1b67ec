#include "CGitStream.h"
#include <errno.h>
#include <git2.h>
#include <git2/sys/stream.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* libgit2's SSH transport takes the descriptor out of the stream itself: the fields are those of its own
   git_socket_stream (src/libgit2/streams/socket.h, the same from 1.0 on). */
typedef struct {
    git_stream parent;
    char *host;
    char *port;
    int socket;
} socket_stream;

static _Thread_local keptn_socket_observer current_observer;
static _Thread_local void *current_context;

void keptn_git_observe_sockets(keptn_socket_observer observer, void *context) {
    current_observer = observer;
    current_context = context;
}

static void tell(int socket) {
    if (current_observer) current_observer(current_context, socket);
}

static int failed(const char *reason) {
    git_error_set_str(GIT_ERROR_NET, reason);
    return -1;
}

static int stream_close(git_stream *stream) {
    socket_stream *self = (socket_stream *)stream;
    if (self->socket >= 0) {
        tell(-1);
        close(self->socket);
        self->socket = -1;
    }
    return 0;
}

static int stream_connect(git_stream *stream) {
    socket_stream *self = (socket_stream *)stream;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int error = getaddrinfo(self->host, self->port, &hints, &addresses);
    if (error) return failed(gai_strerror(error));
    error = ENOENT;
    for (struct addrinfo *address = addresses; address; address = address->ai_next) {
        self->socket = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, address->ai_protocol);
        if (self->socket < 0) {
            error = errno;
            continue;
        }
        tell(self->socket);
        if (connect(self->socket, address->ai_addr, address->ai_addrlen) == 0) break;
        error = errno;
        stream_close(stream);
    }
    freeaddrinfo(addresses);
    return self->socket >= 0 ? 0 : failed(strerror(error));
}

static ssize_t stream_read(git_stream *stream, void *bytes, size_t count) {
    ssize_t got = recv(((socket_stream *)stream)->socket, bytes, count, 0);
    return got >= 0 ? got : failed(strerror(errno));
}

static ssize_t stream_write(git_stream *stream, const char *bytes, size_t count, int flags) {
    ssize_t sent = send(((socket_stream *)stream)->socket, bytes, count, flags | MSG_NOSIGNAL);
    return sent >= 0 ? sent : failed(strerror(errno));
}

static void stream_free(git_stream *stream) {
    socket_stream *self = (socket_stream *)stream;
    stream_close(stream);
    free(self->host);
    free(self->port);
    free(self);
}

static int stream_new(git_stream **out, const char *host, const char *port) {
    socket_stream *self = calloc(1, sizeof(socket_stream));
    if (!self) return failed("no memory");
    self->parent.version = GIT_STREAM_VERSION;
    self->parent.connect = stream_connect;
    self->parent.read = stream_read;
    self->parent.write = stream_write;
    self->parent.close = stream_close;
    self->parent.free = stream_free;
    self->host = strdup(host);
    self->port = strdup(port);
    self->socket = -1;
    *out = &self->parent;
    return 0;
}

int keptn_git_use_observed_sockets(void) {
    git_stream_registration registration = {.version = GIT_STREAM_VERSION, .init = stream_new};
    return git_stream_register(GIT_STREAM_STANDARD, &registration);
}
