/* Takes posts on keep-alive connections and answers each at once with an empty 200.
 *
 *     receiver REQUESTS SAMPLE-FILE
 *
 * Prints the port it listens on as one JSON object, and when REQUESTS were answered another: how long that took from
 * the first to the last. The first request is kept in SAMPLE-FILE as it came. */
#include "net.h"
#include <sys/resource.h>

#define PATIENCE_MS 60000
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

struct connection {
    int fd;
    size_t have;
    char bytes[1 << 16];
};

static long wanted, answered, connections;
static int64_t first, last;
static const char *sample;

static int listening(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, 1024)) die("listen");
    if (getsockname(fd, (struct sockaddr *)&at, &size)) die("getsockname");
    printf("{\"port\":%d}\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void welcome(int epoll, int listener) {
    struct connection *c = calloc(1, sizeof *c);
    int one = 1;
    if (!c || (c->fd = accept(listener, NULL, NULL)) < 0) die("accept");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    connections++;
}

static void keep_sample(const char *bytes, size_t size) {
    FILE *file = fopen(sample, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) die(sample);
}

/* Answer the complete requests at the front of what was received. */
static void answer(struct connection *c) {
    for (size_t size; (size = answer_size(c->bytes, c->have)); c->have -= size, c->bytes[c->have] = 0) {
        last = now_us();
        if (memcmp(c->bytes, "POST ", 5)) die("a request that is no post");
        if (!answered++) first = last, keep_sample(c->bytes, size);
        if (send(c->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) die("send");
        memmove(c->bytes, c->bytes + size, c->have - size);
    }
    if (c->have == sizeof c->bytes - 1) die("a request is too large, or has no length");
}

static void take(struct connection *c) {
    ssize_t got = recv(c->fd, c->bytes + c->have, sizeof c->bytes - 1 - c->have, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        close(c->fd);
        free(c);
        return;
    }
    c->have += got;
    c->bytes[c->have] = 0;
    answer(c);
}

static int64_t cpu_us(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    wanted = atol(words[1]);
    sample = words[2];
    int listener = listening(), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    while (answered < wanted) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, PATIENCE_MS);
        if (ready <= 0) die("no request for a minute");
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) take(events[i].data.ptr);
            else welcome(epoll, listener);
        }
    }
    printf("{\"requests\":%ld,\"seconds\":%.6f,\"connections\":%ld,\"cpu_us\":%.2f}\n", answered, (last - first) / 1e6,
           connections, (double)cpu_us() / answered);
    return 0;
}
