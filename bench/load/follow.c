/* Posts records at a steady rate while subscribers follow the stream, and measures from POST to event.
 *
 *     follow PORT SUBSCRIBERS PROBES RATE SECONDS POST-FILE STREAM-FILE [LIVE-FILE...]
 *
 * The posts keep to their timetable whatever the answers do (open loop), and a delay counts from the moment at which
 * a post was due, so that no queue hides. The probes are read by a thread of their own: a real client does not wait
 * for 500 others on its machine. All others are read too, and every subscriber's offsets must be dense. The first two
 * seconds are not counted. The post has "seq":"1000000" in it, which is counted up. Prints one JSON object. */
#include "net.h"
#include <pthread.h>
#include <stdatomic.h>

#define WARM_US 2000000
#define PATIENCE_US 10000000
#define POSTERS 128
#define FIRST 1000000

struct subscriber {
    int fd, live;
    long offset, events, disorder;
    size_t have;
    char bytes[1 << 17];
};

struct crowd {
    struct subscriber *each;
    int count;
    struct times times;
    long patches;
};

static int port;
static long total;
static int64_t *due;
static atomic_int stop;

static struct subscriber *subscribe(struct subscriber *s, const char *file, int live) {
    size_t size;
    char *request = contents(file, &size);
    s->fd = connected(port);
    s->live = live;
    if (send(s->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
    free(request);
    while (!strstr(s->bytes, ":\n\n")) {
        ssize_t got = recv(s->fd, s->bytes + s->have, 4096, 0);
        if (got <= 0 || s->have > 60000) die("no stream");
        s->have += got;
    }
    if (memcmp(s->bytes, "HTTP/1.1 200", 12)) die(s->bytes);
    s->have = 0;
    return s;
}

/* Count the events in what has come and keep what is incomplete. */
static void take(struct crowd *crowd, struct subscriber *s, int64_t now) {
    char *at = s->bytes, *end = s->bytes + s->have, *mark, *seq;
    while ((mark = memmem(at, end - at, "{\"offset\":", 10))) {
        at = mark;
        seq = memmem(mark, end - mark, "\"seq\":\"", 7);
        if (!seq || end - seq < 16) break;
        long offset = strtol(mark + 10, NULL, 10), number = strtol(seq + 7, NULL, 10) - FIRST;
        if (s->events++ && offset != s->offset + 1) s->disorder++;
        s->offset = offset;
        if (number < 0 || number >= total) s->disorder++;
        else if (due[number] - due[0] >= WARM_US) keep(&crowd->times, now - due[number]);
        at = seq + 16;
    }
    if (!mark) at = end - at > 9 ? end - 9 : at;
    s->have = end - at;
    memmove(s->bytes, at, s->have);
}

static void *read_all(void *argument) {
    struct crowd *crowd = argument;
    int epoll = epoll_create1(0);
    for (int i = 0; i < crowd->count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &crowd->each[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, crowd->each[i].fd, &event);
    }
    while (!stop) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 100);
        for (int i = 0; i < ready; i++) {
            struct subscriber *s = events[i].data.ptr;
            ssize_t got = recv(s->fd, s->bytes + s->have, sizeof s->bytes - s->have, MSG_DONTWAIT);
            if (got <= 0) die("a stream ended");
            s->have += got;
            if (!s->live) take(crowd, s, now_us());
            else crowd->patches += memmem(s->bytes, got, "event: patch", 12) != NULL, s->have = 0;
        }
    }
    return NULL;
}

struct poster {
    int fd;
    size_t have;
    char answer[4096];
};

/* True when the answer is complete. Ends the program when it is not the one expected. */
static int answered(struct poster *p) {
    ssize_t got = recv(p->fd, p->answer + p->have, sizeof p->answer - 1 - p->have, MSG_DONTWAIT);
    if (got <= 0) die("a post was not answered");
    p->have += got;
    p->answer[p->have] = 0;
    if (!answer_size(p->answer, p->have)) return 0;
    p->have = 0;
    if (!memcmp(p->answer, "HTTP/1.1 200", 12) && strstr(p->answer, "\"accepted\":1,")) return 1;
    fprintf(stderr, "unexpected answer: %s\n", p->answer);
    exit(1);
}

/* Seven digits. */
static void write_number(char *to, long number) {
    for (int i = 6; i >= 0; i--, number /= 10) to[i] = '0' + number % 10;
}

/* Posts record by record when each is due, each on a connection that has its answer. How late the posts were sent. */
static struct times post_all(const char *file, long rate) {
    size_t size;
    char *request = contents(file, &size), *seq = strstr(request, "\"seq\":\"1000000\"");
    if (!seq) die("the post has no seq");
    static struct poster all[POSTERS], *idle[POSTERS];
    int free_ones = POSTERS, epoll = epoll_create1(0);
    for (int i = 0; i < POSTERS; i++) {
        idle[i] = &all[i];
        all[i].fd = connected(port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    struct times late = {0};
    int64_t start = now_us() + 100000;
    for (long i = 0; i < total; i++) due[i] = start + i * 1000000 / rate;
    for (long next = 0; next < total || free_ones < POSTERS;) {
        for (int64_t now; next < total && free_ones && (now = now_us()) >= due[next]; next++) {
            write_number(seq + 7, FIRST + next);
            keep(&late, now - due[next]);
            if (send(idle[--free_ones]->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
        }
        int64_t left = next < total && free_ones ? due[next] - now_us() : PATIENCE_US;
        struct timespec wait = {left > 0 ? left / 1000000 : 0, left > 0 ? left % 1000000 * 1000 : 0};
        struct epoll_event events[64];
        int ready = epoll_pwait2(epoll, events, 64, &wait, NULL);
        for (int i = 0; i < ready; i++) {
            struct poster *p = events[i].data.ptr;
            if (answered(p)) idle[free_ones++] = p;
        }
    }
    return late;
}

static long missing(struct crowd *crowd) {
    long lost = 0;
    for (int i = 0; i < crowd->count; i++)
        if (!crowd->each[i].live) lost += total - crowd->each[i].events;
    return lost;
}

int main(int count, char **words) {
    if (count < 8) return 2;
    port = atoi(words[1]);
    int subscribers = atoi(words[2]), probes = atoi(words[3]), viewers = count - 8;
    total = atol(words[4]) * atol(words[5]);
    due = calloc(total, sizeof *due);
    struct subscriber *each = calloc(subscribers + viewers, sizeof *each);
    struct crowd probing = {.each = calloc(probes, sizeof *each)}, others = {.each = each};
    for (int i = 0; i < subscribers; i++) { /* probes spread among the others: who is written to last waits longest */
        int probe = probing.count < probes && i % (subscribers / probes) == 0;
        subscribe(probe ? &probing.each[probing.count++] : &others.each[others.count++], words[7], 0);
    }
    for (int i = 0; i < viewers; i++) subscribe(&others.each[others.count++], words[8 + i], 1);
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, read_all, &probing);
    pthread_create(&threads[1], NULL, read_all, &others);
    struct times late = post_all(words[6], atol(words[4]));
    for (int64_t end = now_us() + PATIENCE_US; now_us() < end && missing(&probing) + missing(&others);) usleep(10000);
    stop = 1;
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    long disorder = 0;
    for (int i = 0; i < probing.count; i++) disorder += probing.each[i].disorder;
    for (int i = 0; i < others.count; i++) disorder += others.each[i].disorder;
    printf("{\"posted\":%ld,\"lost\":%ld,\"disorder\":%ld,\"patches\":%ld,", total, missing(&probing) + missing(&others),
           disorder, others.patches);
    print_times("ms", &probing.times);
    printf(",");
    print_times("others_ms", &others.times);
    printf(",");
    print_times("late_ms", &late);
    printf("}\n");
    return 0;
}
