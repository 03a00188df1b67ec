// The Bridge's files as bytes (C23 #embed). Written by scripts/bridge-files.
#include "CBridgeFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char file_0[] = {
#embed "../Bridge/Client/api.js"
};
static const unsigned char file_1[] = {
#embed "../Bridge/Client/app.js"
};
static const unsigned char file_2[] = {
#embed "../Bridge/Client/charts.js"
};
static const unsigned char file_3[] = {
#embed "../Bridge/Client/dom.js"
};
static const unsigned char file_4[] = {
#embed "../Bridge/Client/icon.svg"
};
static const unsigned char file_5[] = {
#embed "../Bridge/Client/index.html"
};
static const unsigned char file_6[] = {
#embed "../Bridge/Client/live.js"
};
static const unsigned char file_7[] = {
#embed "../Bridge/Client/page.js"
};
static const unsigned char file_8[] = {
#embed "../Bridge/Client/parts.js"
};
static const unsigned char file_9[] = {
#embed "../Bridge/Client/screens.css"
};
static const unsigned char file_10[] = {
#embed "../Bridge/Client/screens/about.js"
};
static const unsigned char file_11[] = {
#embed "../Bridge/Client/screens/approvals.js"
};
static const unsigned char file_12[] = {
#embed "../Bridge/Client/screens/breakdown.js"
};
static const unsigned char file_13[] = {
#embed "../Bridge/Client/screens/compare.js"
};
static const unsigned char file_14[] = {
#embed "../Bridge/Client/screens/createproject.js"
};
static const unsigned char file_15[] = {
#embed "../Bridge/Client/screens/dashboard.js"
};
static const unsigned char file_16[] = {
#embed "../Bridge/Client/screens/dora.js"
};
static const unsigned char file_17[] = {
#embed "../Bridge/Client/screens/environment.js"
};
static const unsigned char file_18[] = {
#embed "../Bridge/Client/screens/evaluation.js"
};
static const unsigned char file_19[] = {
#embed "../Bridge/Client/screens/files.js"
};
static const unsigned char file_20[] = {
#embed "../Bridge/Client/screens/history.js"
};
static const unsigned char file_21[] = {
#embed "../Bridge/Client/screens/integration.js"
};
static const unsigned char file_22[] = {
#embed "../Bridge/Client/screens/integrations.js"
};
static const unsigned char file_23[] = {
#embed "../Bridge/Client/screens/nowhere.js"
};
static const unsigned char file_24[] = {
#embed "../Bridge/Client/screens/problems.js"
};
static const unsigned char file_25[] = {
#embed "../Bridge/Client/screens/secrets.js"
};
static const unsigned char file_26[] = {
#embed "../Bridge/Client/screens/sequence.js"
};
static const unsigned char file_27[] = {
#embed "../Bridge/Client/screens/sequences.js"
};
static const unsigned char file_28[] = {
#embed "../Bridge/Client/screens/service.js"
};
static const unsigned char file_29[] = {
#embed "../Bridge/Client/screens/services.js"
};
static const unsigned char file_30[] = {
#embed "../Bridge/Client/screens/settings.js"
};
static const unsigned char file_31[] = {
#embed "../Bridge/Client/screens/settingsservices.js"
};
static const unsigned char file_32[] = {
#embed "../Bridge/Client/screens/statistics.js"
};
static const unsigned char file_33[] = {
#embed "../Bridge/Client/screens/subscription.js"
};
static const unsigned char file_34[] = {
#embed "../Bridge/Client/screens/tokens.js"
};
static const unsigned char file_35[] = {
#embed "../Bridge/Client/screens/trace.js"
};
static const unsigned char file_36[] = {
#embed "../Bridge/Client/screens/trigger.js"
};
static const unsigned char file_37[] = {
#embed "../Bridge/Client/screens/upstreamform.js"
};
static const unsigned char file_38[] = {
#embed "../Bridge/Client/screens/waterfall.js"
};
static const unsigned char file_39[] = {
#embed "../Bridge/Client/shell.js"
};
static const unsigned char file_40[] = {
#embed "../Bridge/Client/style.css"
};

static const struct keptn_bridge_file files[] = {
    {"api.js", file_0, sizeof file_0},
    {"app.js", file_1, sizeof file_1},
    {"charts.js", file_2, sizeof file_2},
    {"dom.js", file_3, sizeof file_3},
    {"icon.svg", file_4, sizeof file_4},
    {"index.html", file_5, sizeof file_5},
    {"live.js", file_6, sizeof file_6},
    {"page.js", file_7, sizeof file_7},
    {"parts.js", file_8, sizeof file_8},
    {"screens.css", file_9, sizeof file_9},
    {"screens/about.js", file_10, sizeof file_10},
    {"screens/approvals.js", file_11, sizeof file_11},
    {"screens/breakdown.js", file_12, sizeof file_12},
    {"screens/compare.js", file_13, sizeof file_13},
    {"screens/createproject.js", file_14, sizeof file_14},
    {"screens/dashboard.js", file_15, sizeof file_15},
    {"screens/dora.js", file_16, sizeof file_16},
    {"screens/environment.js", file_17, sizeof file_17},
    {"screens/evaluation.js", file_18, sizeof file_18},
    {"screens/files.js", file_19, sizeof file_19},
    {"screens/history.js", file_20, sizeof file_20},
    {"screens/integration.js", file_21, sizeof file_21},
    {"screens/integrations.js", file_22, sizeof file_22},
    {"screens/nowhere.js", file_23, sizeof file_23},
    {"screens/problems.js", file_24, sizeof file_24},
    {"screens/secrets.js", file_25, sizeof file_25},
    {"screens/sequence.js", file_26, sizeof file_26},
    {"screens/sequences.js", file_27, sizeof file_27},
    {"screens/service.js", file_28, sizeof file_28},
    {"screens/services.js", file_29, sizeof file_29},
    {"screens/settings.js", file_30, sizeof file_30},
    {"screens/settingsservices.js", file_31, sizeof file_31},
    {"screens/statistics.js", file_32, sizeof file_32},
    {"screens/subscription.js", file_33, sizeof file_33},
    {"screens/tokens.js", file_34, sizeof file_34},
    {"screens/trace.js", file_35, sizeof file_35},
    {"screens/trigger.js", file_36, sizeof file_36},
    {"screens/upstreamform.js", file_37, sizeof file_37},
    {"screens/waterfall.js", file_38, sizeof file_38},
    {"shell.js", file_39, sizeof file_39},
    {"style.css", file_40, sizeof file_40},
};

size_t keptn_bridge_file_count(void) { return sizeof files / sizeof *files; }

struct keptn_bridge_file keptn_bridge_file_at(size_t index) { return files[index]; }
