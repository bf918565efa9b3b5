/* What the load generators and the receiver need: time, connections on loopback, percentiles, whole files. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int connected(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* The bytes of a file, with a zero behind them. */
static char *contents(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *bytes = calloc(*size + 1, 1);
    if (fread(bytes, 1, *size, file) != *size) die(path);
    fclose(file);
    return bytes;
}


/* Times in microseconds, to take percentiles of. */
struct times {
    int32_t *us;
    size_t count, room;
};

static void keep(struct times *times, int64_t us) {
    if (times->count == times->room) {
        times->room = times->room ? times->room * 2 : 1 << 16;
        times->us = realloc(times->us, times->room * sizeof *times->us);
        if (!times->us) die("realloc");
    }
    times->us[times->count++] = (int32_t)us;
}

static int ascending(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* `"name":{"p50":…,"p99":…,"max":…}` in milliseconds, to stdout. */
static void print_times(const char *name, struct times *times) {
    qsort(times->us, times->count, sizeof *times->us, ascending);
    double at[3] = {0.50, 0.99, 1.0}, ms[3] = {0};
    for (int i = 0; i < 3 && times->count; i++) ms[i] = times->us[(size_t)(at[i] * (times->count - 1))] / 1000.0;
    printf("\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, ms[0], ms[1], ms[2]);
}

/* The size of a complete message with a length at the start of `bytes` (which end with a zero), 0 when more is to come. */
static size_t answer_size(const char *bytes, size_t have) {
    const char *end = strstr(bytes, "\r\n\r\n"), *length = strcasestr(bytes, "content-length:");
    if (!end || !length || length > end) return 0;
    size_t size = end + 4 - bytes + strtoul(length + 15, NULL, 10);
    return have >= size ? size : 0;
}
