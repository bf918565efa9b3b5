/* Posts one prepared request again and again on keep-alive connections, each the next time when its answer is there.
 *
 *     post PORT CONNECTIONS SECONDS REQUEST-FILE RECORDS
 *
 * Every answer must be a 200 that accepted RECORDS records. The first second is not counted. Prints one JSON object. */
#include "net.h"

#define WARM_US 1000000

struct connection {
    int fd;
    size_t sent, have;
    int64_t began;
    char answer[4096];
};

static char *request;
static size_t request_size;
static char expected[64];

/* Send what the socket takes; the rest when it takes more. */
static void push(int epoll, struct connection *c) {
    while (c->sent < request_size) {
        ssize_t sent = send(c->fd, request + c->sent, request_size - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) die("send");
        if (sent < 0) break;
        c->sent += sent;
    }
    int waiting = c->sent < request_size ? EPOLLOUT : 0;
    struct epoll_event event = {.events = EPOLLIN | waiting, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void begin(int epoll, struct connection *c) {
    c->sent = c->have = 0;
    c->began = now_us();
    push(epoll, c);
}

/* True when the answer is complete. Ends the program when it is not the one expected. */
static int answered(struct connection *c) {
    ssize_t got = recv(c->fd, c->answer + c->have, sizeof c->answer - 1 - c->have, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) die("recv");
    c->have += got;
    c->answer[c->have] = 0;
    if (!answer_size(c->answer, c->have)) return 0;
    if (memcmp(c->answer, "HTTP/1.1 200", 12) || !strstr(c->answer, expected)) {
        fprintf(stderr, "unexpected answer: %s\n", c->answer);
        exit(1);
    }
    return 1;
}

int main(int count, char **words) {
    if (count != 6) return 2;
    int port = atoi(words[1]), connections = atoi(words[2]), epoll = epoll_create1(0);
    long records = atol(words[5]), answers = 0, all = 0;
    request = contents(words[4], &request_size);
    snprintf(expected, sizeof expected, "\"accepted\":%ld,", records);
    struct times times = {0};
    struct connection *each = calloc(connections, sizeof *each);
    for (int i = 0; i < connections; i++) {
        each[i].fd = connected(port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &each[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, each[i].fd, &event);
    }
    int64_t start = now_us() + WARM_US, end = start + (int64_t)(atof(words[3]) * 1e6), now = 0;
    for (int i = 0; i < connections; i++) begin(epoll, &each[i]);
    for (int under_way = connections; under_way;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 10000);
        if (ready <= 0) die("no answer for ten seconds");
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c->sent < request_size && events[i].events & EPOLLOUT) push(epoll, c);
            if (!(events[i].events & EPOLLIN) || !answered(c)) continue;
            now = now_us();
            all++;
            if (now >= start && now < end) answers++, keep(&times, now - c->began);
            if (now < end) begin(epoll, c);
            else under_way--;
        }
    }
    printf("{\"records_per_second\":%.1f,\"accepted\":%ld,", answers * records * 1e6 / (end - start), all * records);
    print_times("ms", &times);
    printf("}\n");
    return 0;
}
