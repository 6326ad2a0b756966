/* Has a name that would not do in a metric. */
#include "muster/plugin.h"

static int32_t create(const muster_api* api, muster_host* host, void** instance) {
    (void)api;
    (void)host;
    *instance = 0;
    return MUSTER_OK;
}
static void destroy(void* instance) {
    (void)instance;
}

static const muster_plugin description = {MUSTER_PLUGIN_ABI,
                                          sizeof(muster_plugin),
                                          "No Name!",
                                          "1",
                                          create,
                                          destroy,
                                          0,
                                          0,
                                          0,
                                          0,
                                          0,
                                          0,
                                          0};

const muster_plugin* muster_plugin_describe(void) {
    return &description;
}
