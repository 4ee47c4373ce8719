/* A driver library that answers what the environment says, and writes down each time it is loaded or called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { kSuccess = 0, kNotFound = 500 };

static int answer(const char *variable) {
  const char *text = getenv(variable);
  return text == NULL ? 0 : atoi(text);
}

static void write_down(const char *what) {
  const char *path = getenv("STAND_IN_LOG");
  FILE *log = path == NULL ? NULL : fopen(path, "a");
  if (log == NULL) return;
  fprintf(log, "%s\n", what);
  fclose(log);
}

__attribute__((constructor)) static void loaded(void) { write_down("loaded"); }

EXPORT int cuInit(unsigned flags) {
  (void)flags;
  write_down("cuInit");
  return answer("STAND_IN_INIT");
}

EXPORT int cuDriverGetVersion(int *version) {
  write_down("cuDriverGetVersion");
  *version = answer("STAND_IN_VERSION");
  return kSuccess;
}

EXPORT int cuDeviceGetCount(int *count) {
  write_down("cuDeviceGetCount");
  *count = 0;
  return kSuccess;
}

/* The runtime asks for hundreds of functions by name; those without an entry here it must not need to find out that
   there is no device. */
EXPORT int cuGetProcAddress(const char *name, void **function, int version, unsigned long long flags, int *status) {
  static const struct {
    const char *name;
    void *function;
  } known[] = {
      {"cuInit", (void *)cuInit},
      {"cuDriverGetVersion", (void *)cuDriverGetVersion},
      {"cuDeviceGetCount", (void *)cuDeviceGetCount},
      {"cuGetProcAddress", (void *)cuGetProcAddress},
  };
  (void)version;
  (void)flags;
  *function = NULL;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
    if (strcmp(name, known[i].name) == 0) *function = known[i].function;
  }
  if (status != NULL) *status = *function == NULL;
  return *function == NULL ? kNotFound : kSuccess;
}

EXPORT int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long long flags, int *status) {
  return cuGetProcAddress(name, function, version, flags, status);
}
