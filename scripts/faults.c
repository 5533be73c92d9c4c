/* Makes chosen file operations of a program fail, and records them all: the other half of faults.py.
 *
 *     cc -shared -fPIC -O2 -o faults.so faults.c
 *     FAULT_FOLDER=/tmp/work FAULT_POINT=write:7:EIO LD_PRELOAD=./faults.so PROGRAM ...
 *
 * Only operations below FAULT_FOLDER count: open (to write or create), write, fsync, truncate, rename, mkdir, rmdir, unlink.
 * FAULT_POINT is KIND:NUMBER:FAULT. The kind `any` counts all of them, `space` those that need room on the disk. Faults:
 *
 *     EIO, ENOSPC   the operation fails, once
 *     full          the disk is full from here on: a write stores half of its bytes, then whatever needs room fails
 *     short         a write stores half of its bytes and says so
 *     kill          the process is killed before the operation
 *     torn          a write stores half of its bytes, then the process is killed
 *
 * FAULT_RECORD names a file for a record of what succeeded, from which faults.py computes what a power cut may leave. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef enum { NONE, FAIL_EIO, FAIL_ENOSPC, FULL, SHORT, KILL, TORN } Fault;
static const char *const FAULTS[] = {"", "EIO", "ENOSPC", "full", "short", "kill", "torn"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX], kind[16];
static size_t folder_length;
static long number, count;
static Fault fault;
static int is_full, record = -1;

__attribute__((constructor)) static void begin(void) {
    const char *below = getenv("FAULT_FOLDER"), *point = getenv("FAULT_POINT"), *to = getenv("FAULT_RECORD");
    char name[16] = "";
    if (below) folder_length = strlen(strncpy(folder, below, sizeof folder - 1));
    if (point && sscanf(point, "%15[^:]:%ld:%15s", kind, &number, name) == 3)
        for (int i = 1; i < (int)(sizeof FAULTS / sizeof *FAULTS); i++)
            if (!strcmp(name, FAULTS[i])) fault = i;
    if (to) record = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* The absolute path of `path` relative to the open folder `at`; of `at` itself if there is no path. */
static void resolve(char *out, int at, const char *path) {
    char link[32];
    ssize_t length = 0;
    out[0] = 0;
    if (!path || path[0] != '/') {
        if (at == AT_FDCWD) length = getcwd(out, PATH_MAX) ? (ssize_t)strlen(out) : 0;
        else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            length = readlink(link, out, PATH_MAX - 1);
        }
        if (length < 0) length = 0;
        out[length] = 0;
    }
    if (path) snprintf(out + length, PATH_MAX - length, "%s%s", length ? "/" : "", path);
}

static int counts(const char *path) {
    return folder_length && !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

/* Counts an operation and returns what is to happen to it. The caller holds the lock. */
static Fault next_fault(const char *operation, int needs_room) {
    if (is_full && needs_room) return FAIL_ENOSPC;
    int is_counted = !strcmp(kind, "any") || !strcmp(kind, operation) || (!strcmp(kind, "space") && needs_room);
    if (!is_counted || ++count != number) return NONE;
    if (fault == KILL) kill(getpid(), SIGKILL);
    if (fault == FULL) is_full = 1;
    return fault;
}

static void put(const void *bytes, size_t length) {
    if (record >= 0 && syscall(SYS_write, record, bytes, length) < 0) abort();
}

/* Records `operation path second number`; the data of a write follows. */
static void note(const char *operation, const char *path, const char *second, long long at, const void *data, size_t length) {
    char line[3 * PATH_MAX];
    int written = snprintf(line, sizeof line, "%s\t%s\t%s\t%lld\t%zu\n", operation, path, second, at, length);
    put(line, written);
    if (data) put(data, length);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Runs `call`, which returns -1 on failure, unless a fault comes first. */
#define OPERATION(operation, needs_room, path, second, at, call)                      \
    ({                                                                                \
        int result = -1, error = 0;                                                   \
        pthread_mutex_lock(&lock);                                                    \
        Fault found = next_fault(operation, needs_room);                              \
        if (found == FAIL_EIO) error = EIO;                                           \
        else if (found == FAIL_ENOSPC || found == FULL) error = ENOSPC;               \
        else if ((result = (call)) == -1) error = errno;                              \
        else note(operation, path, second, at, NULL, 0);                              \
        pthread_mutex_unlock(&lock);                                                  \
        if (error) errno = error;                                                     \
        result;                                                                       \
    })

static int open_at(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat found;
    resolve(path, at, name);
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    if (!writes || !counts(path)) return syscall(SYS_openat, at, name, flags, mode);
    int exists = !fstatat(at, name, &found, AT_SYMLINK_NOFOLLOW);
    const char *effect = !exists ? "create" : flags & O_TRUNC ? "empty" : "reopen";
    return OPERATION("open", !exists, path, effect, 0, syscall(SYS_openat, at, name, flags, mode));
}

#define MODE(flags)                                   \
    mode_t mode = 0;                                  \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {          \
        va_list rest;                                 \
        va_start(rest, flags);                        \
        mode = va_arg(rest, mode_t);                  \
        va_end(rest);                                 \
    }

int open(const char *name, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags) return open_at(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags) return open_at(at, name, flags, mode); }

ssize_t write(int file, const void *data, size_t length) {
    char path[PATH_MAX];
    if (file <= 2 || file == record) return syscall(SYS_write, file, data, length);
    resolve(path, file, NULL);
    if (!counts(path)) return syscall(SYS_write, file, data, length);
    ssize_t result = -1;
    pthread_mutex_lock(&lock);
    Fault found = next_fault("write", 1);
    int error = found == FAIL_EIO ? EIO : found == FAIL_ENOSPC ? ENOSPC : 0;
    if (!error) {
        size_t stored = found == NONE || length < 2 ? length : length / 2;
        long long at = lseek(file, 0, SEEK_CUR);
        result = syscall(SYS_write, file, data, stored);
        if (result < 0) error = errno;
        else note("write", path, "", at, data, result);
        if (found == TORN) kill(getpid(), SIGKILL);
    }
    pthread_mutex_unlock(&lock);
    if (error) errno = error;
    return result;
}

static int sync_file(int file, int number) {
    char path[PATH_MAX];
    resolve(path, file, NULL);
    return counts(path) ? OPERATION("fsync", 0, path, "", 0, syscall(number, file)) : syscall(number, file);
}

int fsync(int file) { return sync_file(file, SYS_fsync); }
int fdatasync(int file) { return sync_file(file, SYS_fdatasync); }

int ftruncate64(int file, off64_t length) {
    char path[PATH_MAX];
    resolve(path, file, NULL);
    if (!counts(path)) return syscall(SYS_ftruncate, file, length);
    return OPERATION("truncate", 0, path, "", length, syscall(SYS_ftruncate, file, length));
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int rename(const char *from, const char *to) {
    char path[PATH_MAX], second[PATH_MAX];
    resolve(path, AT_FDCWD, from);
    resolve(second, AT_FDCWD, to);
    if (!counts(path)) return REAL(rename)(from, to);
    return OPERATION("rename", 0, path, second, 0, REAL(rename)(from, to));
}

int mkdir(const char *name, mode_t mode) {
    char path[PATH_MAX];
    resolve(path, AT_FDCWD, name);
    if (!counts(path)) return REAL(mkdir)(name, mode);
    return OPERATION("mkdir", 1, path, "", 0, REAL(mkdir)(name, mode));
}

int unlinkat(int at, const char *name, int flags) {
    char path[PATH_MAX];
    resolve(path, at, name);
    if (!counts(path)) return syscall(SYS_unlinkat, at, name, flags);
    const char *operation = flags & AT_REMOVEDIR ? "rmdir" : "unlink";
    return OPERATION(operation, 0, path, "", 0, syscall(SYS_unlinkat, at, name, flags));
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
