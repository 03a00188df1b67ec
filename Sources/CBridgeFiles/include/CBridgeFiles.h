#ifndef KEPTN_BRIDGE_FILES_H
#define KEPTN_BRIDGE_FILES_H

#include <stddef.h>

/// A file of the Bridge's client, as it was when the program was built.
struct keptn_bridge_file {
    /// The path below Sources/Bridge/Client.
    const char *_Nonnull path;
    const unsigned char *_Nonnull bytes;
    size_t count;
};

/// How many files there are.
size_t keptn_bridge_file_count(void);

/// The file of this number, from 0.
struct keptn_bridge_file keptn_bridge_file_at(size_t index);

#endif
