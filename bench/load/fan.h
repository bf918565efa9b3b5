/* Many readers of one stream in one thread: what they were sent, in which order, and how late.
 *
 * A record is found by its own "seq":"1234567" in the bytes, whatever the transfer coding around it. The order in
 * which records first reach anybody is the order in which they must reach everybody, each once. */
#include "net.h"
#include <pthread.h>
#include <stdatomic.h>

#define MARK "\"seq\":\""
#define MARK_SIZE 7
#define DIGITS 7
#define FIRST 1000000
#define ID "00000000-" /* of a subscription; clients send UUIDs */
#define LOOK_US 500 /* nobody sleeps in epoll_wait(): to wake him would be the server's processor time */
#define PATIENCE_US 5000000

struct reader {
    int fd;
    long events;
    size_t kept;
    char tail[MARK_SIZE + DIGITS]; /* of what came last: a mark may be cut in two */
};

static struct {
    int port, count, epoll;
    const char *epoch; /* of the cursors, where the readers drop once and resume; NULL elsewhere */
    char *request;
    size_t request_size;
    struct reader *each;
    long total, *order, ordered, disorder;
    char *seen; /* by number: whether it is in the order */
    int64_t *due, warm_us, first_us, last_us;
    atomic_long events;
    atomic_int storm, stop;
    struct times delays;
} crowd;

static void follow(struct reader *r) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = r};
    if (epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, r->fd, &event)) die("epoll_ctl");
}

/* Read until `wanted` has come; what has come, with a zero behind it. */
static char *heard(int fd, const char *wanted) {
    static char bytes[4096];
    size_t have = 0;
    do {
        ssize_t got = recv(fd, bytes + have, sizeof bytes - 1 - have, 0);
        if (got <= 0) die(wanted);
        for (ssize_t i = 0; i < got; i++)
            if (!bytes[have + i]) bytes[have + i] = ' '; /* of a frame's length */
        bytes[have += got] = 0;
    } while (!strstr(bytes, wanted));
    return bytes;
}

/* One text frame; the mask is all zeros, so that the text stays what it is. */
static void say(int fd, const char *text, size_t size) {
    unsigned char head[8] = {0x81, 0x80 | 126, size >> 8, size & 255};
    if (send(fd, head, sizeof head, MSG_NOSIGNAL | MSG_MORE) < 0) die("send");
    if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
}

/* On an open socket: what stands behind the request, one line to begin and one to subscribe, with an id of its own. */
static void subscribe(struct reader *r, char *lines) {
    char *end = strchr(lines, '\n'), *id;
    say(r->fd, lines, end - lines);
    heard(r->fd, "connection_ack");
    if (!(id = strstr(end, ID))) die("the subscription has no id");
    char digits[9];
    snprintf(digits, sizeof digits, "%08d", (int)(r - crowd.each));
    memcpy(id, digits, 8);
    say(r->fd, end + 1, strlen(end + 1));
    memcpy(id, ID, 8);
}

/* Return when the head of a good answer is there, and a subscription on its way if it is a socket. */
static void open_reader(struct reader *r) {
    char *lines = strstr(crowd.request, "\r\n\r\n") + 4;
    ssize_t size = lines - crowd.request;
    r->fd = connected(crowd.port);
    if (send(r->fd, crowd.request, size, MSG_NOSIGNAL) != size) die("send");
    char *head = heard(r->fd, "\r\n\r\n");
    const char *good = *lines ? "HTTP/1.1 101" : "HTTP/1.1 200";
    if (memcmp(head, good, 12)) fprintf(stderr, "unexpected answer: %s\n", head), exit(1);
    if (*lines) subscribe(r, lines);
    follow(r);
}

static void count(struct reader *r, long number, int64_t now) {
    if (number < 0 || number >= crowd.total || r->events >= crowd.total) {
        crowd.disorder++;
        return;
    }
    if (r->events == crowd.ordered) {
        crowd.order[crowd.ordered++] = number;
        crowd.disorder += crowd.seen[number]++ > 0;
    }
    crowd.disorder += crowd.order[r->events++] != number;
    crowd.last_us = now;
    if (crowd.due[number] - crowd.first_us >= crowd.warm_us) keep(&crowd.delays, now - crowd.due[number]);
}

/* Count what has come; `bytes` has room before it for what was kept. */
static void take(struct reader *r, char *bytes, size_t got, int64_t now) {
    char *at = memcpy(bytes - r->kept, r->tail, r->kept), *end = bytes + got, *mark;
    long before = r->events;
    while ((mark = memmem(at, end - at, MARK, MARK_SIZE)) && end - mark >= MARK_SIZE + DIGITS) {
        at = mark + MARK_SIZE;
        long number = 0;
        for (int i = 0; i < DIGITS; i++) number = number * 10 + *at++ - '0';
        count(r, number - FIRST, now);
    }
    r->kept = end - at < MARK_SIZE + DIGITS - 1 ? end - at : MARK_SIZE + DIGITS - 1;
    memcpy(r->tail, end - r->kept, r->kept);
    crowd.events += r->events - before;
}

/* All drop, and come back after the last record each has had. */
static void drop_and_resume(void) {
    for (int i = 0; i < crowd.count; i++) close(crowd.each[i].fd);
    for (int i = 0; i < crowd.count; i++) {
        struct reader *r = &crowd.each[i];
        char resume[64];
        int size = snprintf(resume, sizeof resume, "Last-Event-ID: %s-%ld\r\n\r\n", crowd.epoch, r->events);
        r->fd = connected(crowd.port);
        r->kept = 0;
        if (send(r->fd, crowd.request, crowd.request_size - 2, MSG_NOSIGNAL | MSG_MORE) < 0) die("send");
        if (send(r->fd, resume, size, MSG_NOSIGNAL) != size) die("send");
        follow(r);
    }
}

static void *read_all(void *unused) {
    static char room[64 + (1 << 18)];
    struct epoll_event ready[512];
    while (!crowd.stop) {
        int count = epoll_wait(crowd.epoll, ready, 512, 0);
        if (!count) usleep(LOOK_US);
        for (int i = 0; i < count; i++) {
            struct reader *r = ready[i].data.ptr;
            ssize_t got = recv(r->fd, room + 64, sizeof room - 64, MSG_DONTWAIT);
            if (got <= 0) die("a stream ended");
            take(r, room + 64, got, now_us());
        }
        if (crowd.storm == 1) drop_and_resume(), crowd.storm = 2;
    }
    return unused;
}

static long missing(void) {
    return crowd.total * crowd.count - crowd.events;
}

/* Return when all is there, or when nothing has come for so long that nothing will. */
static void wait_for_all(void) {
    long had = -1;
    for (int64_t since = now_us(); missing() > 0 && now_us() - since < PATIENCE_US; usleep(2000))
        if (crowd.events != had) had = crowd.events, since = now_us();
}
