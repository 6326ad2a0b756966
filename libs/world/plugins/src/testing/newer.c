/* Built with a later header, whose description is longer. */
#include "muster/plugin.h"

static const struct {
    muster_plugin known;
    void* added;
} description = {{MUSTER_PLUGIN_ABI, sizeof description, "newer", "1", 0, 0, 0, 0, 0, 0, 0, 0, 0},
                 0};

const muster_plugin* muster_plugin_describe(void) {
    return &description.known;
}
