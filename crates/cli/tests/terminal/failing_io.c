/* Put before a program's C library (LD_PRELOAD): the FAIL_AT-th call that writes, syncs, cuts, opens, renames or removes a file below
   FAIL_BELOW fails with the error FAIL_WITH; where FAIL_ON is set, so does every one after it. What failed is written to FAIL_TOLD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long met;

static int is_below(const char *path) {
    const char *below = getenv("FAIL_BELOW");
    return below && path && strncmp(path, below, strlen(below)) == 0;
}

static int is_open_below(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* Whether this call fails; it sets errno. */
static int fails(const char *what, int counts) {
    const char *at = getenv("FAIL_AT");
    if (!counts || !at) return 0;
    long number = atomic_fetch_add(&met, 1) + 1, wanted = atol(at);
    if (number < wanted || (number > wanted && !getenv("FAIL_ON"))) return 0;
    const char *told = getenv("FAIL_TOLD"), *with = getenv("FAIL_WITH");
    if (told && number == wanted) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (fd >= 0) {
            syscall(SYS_write, fd, what, strlen(what));
            syscall(SYS_close, fd);
        }
    }
    errno = with ? atoi(with) : ENOSPC;
    return 1;
}

#define NEXT(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t write(int fd, const void *data, size_t size) {
    if (fails("write", is_open_below(fd))) return -1;
    return NEXT(ssize_t, "write", int, const void *, size_t)(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (fails("pwrite", is_open_below(fd))) return -1;
    return NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    if (fails("pwrite", is_open_below(fd))) return -1;
    return NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(fd, data, size, at);
}
int fsync(int fd) {
    if (fails("fsync", is_open_below(fd))) return -1;
    return NEXT(int, "fsync", int)(fd);
}
int fdatasync(int fd) {
    if (fails("fdatasync", is_open_below(fd))) return -1;
    return NEXT(int, "fdatasync", int)(fd);
}
int ftruncate(int fd, off_t size) {
    if (fails("ftruncate", is_open_below(fd))) return -1;
    return NEXT(int, "ftruncate", int, off_t)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    if (fails("ftruncate", is_open_below(fd))) return -1;
    return NEXT(int, "ftruncate64", int, off64_t)(fd, size);
}
int rename(const char *from, const char *to) {
    if (fails("rename", is_below(from))) return -1;
    return NEXT(int, "rename", const char *, const char *)(from, to);
}
int unlink(const char *path) {
    if (fails("unlink", is_below(path))) return -1;
    return NEXT(int, "unlink", const char *)(path);
}
static int opened(const char *name, const char *path, int flags, mode_t mode) {
    if (fails("open", is_below(path))) return -1;
    return NEXT(int, name, const char *, int, ...)(path, flags, mode);
}
int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened("open", path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return opened("open64", path, flags, mode);
}
