/* Opens many streams, posts records one by one, and counts every event on every stream.
 *
 *     fan PORT READERS RECORDS RATE POSTERS POST-FILE STREAM-FILE [EPOCH]
 *
 * Prints "open" when all streams are, and goes on when a line comes in. With a RATE (a second) a post is sent when it
 * is due, whatever the answers do, its delays count from then, and the first second is not counted; with 0 each of the
 * POSTERS sends the next one when it has its answer; with -1 the next one is sent when all readers have the one before,
 * so that no server can join two. With an EPOCH all readers drop when half is posted and resume.
 * A request to upgrade to a WebSocket is followed by two lines: what begins and what subscribes over
 * graphql-transport-ws. Messages with the id of another subscription are counted as foreign and not as events.
 * The post has "seq":"1000000" in it, which is counted up. Prints one JSON object. */
#include "fan.h"

#define WARM_US 1000000
#define LINGER_US 20000 /* what comes twice may come after all the rest */
#define MAX_POSTERS 256

struct poster {
    int fd;
    size_t have;
    int64_t began;
    char answer[4096];
};

static struct poster posters[MAX_POSTERS], *idle[MAX_POSTERS];
static int idle_count;
static char *request, *seq;
static size_t request_size;
static struct times answers, late;

/* True when the answer is complete. Ends the program when it does not say that the record was taken. */
static int answered(struct poster *p) {
    ssize_t got = recv(p->fd, p->answer + p->have, sizeof p->answer - 1 - p->have, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) die("a post was not answered");
    p->have += got;
    p->answer[p->have] = 0;
    if (!answer_size(p->answer, p->have)) return 0;
    if (memcmp(p->answer, "HTTP/1.1 20", 11)) fprintf(stderr, "unexpected answer: %s\n", p->answer), exit(1);
    p->have = 0;
    return 1;
}

static void send_post(long number) {
    struct poster *p = idle[--idle_count];
    char digits[DIGITS + 1];
    snprintf(digits, sizeof digits, "%d", (int)(FIRST + number));
    memcpy(seq, digits, DIGITS);
    p->began = crowd.due[number];
    if (send(p->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) die("send");
}

/* Send all that are due. Returns the number of the next. */
static long send_due(long next, long rate) {
    for (; next < crowd.total && idle_count; next++) {
        int64_t now = now_us();
        if (rate < 0 && crowd.events < next * crowd.count) {
            if (now - crowd.due[next - 1] > PATIENCE_US) die("a record did not reach everybody");
            break;
        }
        if (rate <= 0) crowd.due[next] = now;
        if (now < crowd.due[next]) break;
        keep(&late, now - crowd.due[next]);
        send_post(next);
    }
    return next;
}

static struct timespec until_due(long next, long rate) {
    int64_t left = PATIENCE_US;
    if (next < crowd.total && idle_count) left = rate > 0 ? crowd.due[next] - now_us() : LOOK_US;
    return (struct timespec){left > 0 ? left / 1000000 : 0, left > 0 ? left % 1000000 * 1000 : 0};
}

static void post_all(long rate, int count) {
    int epoll = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        idle[idle_count++] = &posters[i];
        posters[i].fd = connected(crowd.port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &posters[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, posters[i].fd, &event);
    }
    crowd.first_us = now_us();
    for (long i = 0; rate > 0 && i < crowd.total; i++) crowd.due[i] = crowd.first_us + i * 1000000 / rate;
    for (long next = 0; next < crowd.total || idle_count < count;) {
        next = send_due(next, rate);
        if (crowd.epoch && !crowd.storm && next > crowd.total / 2) crowd.storm = 1;
        struct timespec wait = until_due(next, rate);
        struct epoll_event ready[64];
        int got = epoll_pwait2(epoll, ready, 64, &wait, NULL);
        if (!got && idle_count < count && wait.tv_sec == PATIENCE_US / 1000000) die("no answer for five seconds");
        for (int i = 0; i < got; i++) {
            struct poster *p = ready[i].data.ptr;
            if (!answered(p)) continue;
            keep(&answers, now_us() - p->began);
            idle[idle_count++] = p;
        }
    }
}

static void open_all(const char *file) {
    crowd.request = contents(file, &crowd.request_size);
    crowd.epoll = epoll_create1(0);
    crowd.each = calloc(crowd.count + 1, sizeof *crowd.each);
    for (int i = 0; i < crowd.count; i++) open_reader(&crowd.each[i]);
}

static void print_all(void) {
    double seconds = (crowd.last_us - crowd.first_us) / 1e6;
    printf("{\"events\":%ld,\"lost\":%ld,\"disorder\":%ld,\"foreign\":%ld,\"seconds\":%.3f,", (long)crowd.events, missing(),
           crowd.disorder, crowd.foreign, seconds);
    print_times("ms", &crowd.delays);
    printf(",");
    print_times("answer_ms", &answers);
    printf(",");
    print_times("late_ms", &late);
    printf("}\n");
}

int main(int count, char **words) {
    if (count < 8 || atoi(words[5]) > MAX_POSTERS) return 2;
    crowd.port = atoi(words[1]), crowd.count = atoi(words[2]), crowd.total = atol(words[3]);
    long rate = atol(words[4]);
    crowd.warm_us = rate > 0 ? WARM_US : 0;
    crowd.epoch = count > 8 ? words[8] : NULL;
    crowd.due = calloc(crowd.total, sizeof *crowd.due);
    crowd.seen = calloc(crowd.total, 1);
    crowd.order = calloc(crowd.total, sizeof *crowd.order);
    request = contents(words[6], &request_size);
    if (!(seq = strstr(request, MARK "1000000\""))) die("the post has no seq");
    seq += MARK_SIZE;
    open_all(words[7]);
    if (crowd.epoch && crowd.count && crowd.each->socket) die("sockets do not drop and resume");
    printf("open\n");
    fflush(stdout);
    pthread_t reading;
    pthread_create(&reading, NULL, read_all, NULL);
    if (getchar() == EOF) return 1;
    post_all(rate, atoi(words[5]));
    wait_for_all();
    usleep(LINGER_US);
    crowd.stop = 1;
    pthread_join(reading, NULL);
    print_all();
    return 0;
}
