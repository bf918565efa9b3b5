/* Many readers of one stream in one thread: what they were sent, in which order, and how late.
 *
 * A record is found by its own "seq":"1234567" in the bytes: on a stream whatever the transfer coding around it, on a
 * socket in a message that is complete and has the subscription's own id. The order in which records first reach
 * anybody is the order in which they must reach everybody, each once. */
#include "socket.h"
#include <pthread.h>
#include <stdatomic.h>

#define MARK "\"seq\":\""
#define MARK_SIZE 7
#define DIGITS 7
#define FIRST 1000000
#define LOOK_US 500 /* nobody sleeps in epoll_wait(): to wake him would be the server's processor time */
#define PATIENCE_US 5000000

struct reader {
    int fd;
    struct socket *socket; /* NULL where it is a stream */
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
    long total, *order, ordered, disorder, foreign;
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

/* Return when the head of a good answer is there. */
static void open_stream(struct reader *r) {
    char head[4096];
    size_t have = 0;
    r->fd = connected(crowd.port);
    if (send(r->fd, crowd.request, crowd.request_size, MSG_NOSIGNAL) != (ssize_t)crowd.request_size) die("send");
    do {
        ssize_t got = recv(r->fd, head + have, sizeof head - 1 - have, 0);
        if (got <= 0) die("no stream");
        head[have += got] = 0;
    } while (!strstr(head, "\r\n\r\n"));
    if (memcmp(head, "HTTP/1.1 200", 12)) fprintf(stderr, "unexpected answer: %s\n", head), exit(1);
}

/* A stream, or a socket when something stands behind the request. */
static void open_reader(struct reader *r) {
    if (strstr(crowd.request, "\r\n\r\n")[4]) {
        r->socket = subscribed(crowd.port, crowd.request, r - crowd.each);
        r->fd = r->socket->fd;
    } else open_stream(r);
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

/* The number of the record whose mark stands there; `mark` goes on behind it. */
static long number_at(char **mark) {
    long number = 0;
    *mark += MARK_SIZE;
    for (int i = 0; i < DIGITS; i++) number = number * 10 + *(*mark)++ - '0';
    return number - FIRST;
}

/* Count what has come; `bytes` has room before it for what was kept. */
static void take(struct reader *r, char *bytes, size_t got, int64_t now) {
    char *at = memcpy(bytes - r->kept, r->tail, r->kept), *end = bytes + got, *mark;
    long before = r->events;
    while ((mark = memmem(at, end - at, MARK, MARK_SIZE)) && end - mark >= MARK_SIZE + DIGITS) {
        count(r, number_at(&mark), now);
        at = mark;
    }
    r->kept = end - at < MARK_SIZE + DIGITS - 1 ? end - at : MARK_SIZE + DIGITS - 1;
    memcpy(r->tail, end - r->kept, r->kept);
    crowd.events += r->events - before;
}

static char *mark_in(struct bytes text) {
    char *mark = memmem(text.at, text.size, MARK, MARK_SIZE);
    return mark && text.at + text.size - mark >= MARK_SIZE + DIGITS ? mark : NULL;
}

/* Count the messages that have come. One with another's id counts for nobody. */
static void take_events(struct reader *r, int64_t now) {
    struct bytes event;
    long before = r->events;
    while (next_event(r->socket, &event)) {
        char *mark = mark_in(event), *end = event.at + event.size;
        if (!mark) refuse("no record in it", event);
        if (!is_own(r->socket, event)) {
            crowd.foreign++;
            continue;
        }
        count(r, number_at(&mark), now);
        if (mark_in((struct bytes){mark, end - mark, 0})) refuse("two records in one", event);
    }
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

static void hear(struct reader *r) {
    static char room[64 + (1 << 18)];
    if (r->socket) {
        if (receive(r->socket, MSG_DONTWAIT)) take_events(r, now_us());
        return;
    }
    ssize_t got = recv(r->fd, room + 64, sizeof room - 64, MSG_DONTWAIT);
    if (got <= 0) die("a stream ended");
    take(r, room + 64, got, now_us());
}

static void *read_all(void *unused) {
    struct epoll_event ready[512];
    while (!crowd.stop) {
        int count = epoll_wait(crowd.epoll, ready, 512, 0);
        if (!count) usleep(LOOK_US);
        for (int i = 0; i < count; i++) hear(ready[i].data.ptr);
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
