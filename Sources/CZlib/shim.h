#include <zlib.h>

/* A macro of zlib's, which Swift cannot call. Takes gzip only. */
static inline int keptn_inflate_gzip_init(z_stream *stream) {
    return inflateInit2(stream, 16 + MAX_WBITS);
}
