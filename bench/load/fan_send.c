/* The floor: a server that does nothing but send. What is posted goes to everybody as one Server-Sent Event.
 *
 *     fan_send PORT
 *
 * Every GET is a stream, every POST a record. A `send()` waits where a reader's socket is full. */
#include "net.h"

#define MOST 20000
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n:\n\n"
#define TAKEN "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"accepted\":1}"

struct client {
    size_t have;
    char bytes[2048];
};

static struct client *clients[MOST]; /* by file descriptor */
static int readers[MOST], reader_count;
static long records;

static void say(int fd, const char *bytes, size_t size) {
    for (ssize_t sent; size; bytes += sent, size -= sent)
        if ((sent = send(fd, bytes, size, MSG_NOSIGNAL)) < 0) return; /* gone: its end comes by epoll */
}

static void broadcast(const char *body, size_t size) {
    char frame[2048 + 64];
    int head = sprintf(frame, "id: k3v9q2m4-%ld\ndata: ", ++records);
    memcpy(frame + head, body, size);
    memcpy(frame + head + size, "\n\n", 2);
    for (int i = 0; i < reader_count; i++) say(readers[i], frame, head + size + 2);
}

static void drop(int fd) {
    for (int i = 0; i < reader_count; i++)
        if (readers[i] == fd) readers[i] = readers[--reader_count];
    free(clients[fd]);
    clients[fd] = NULL;
    close(fd);
}

/* Deal with the request when it is complete. */
static void serve(int fd, struct client *c) {
    char *body = strstr(c->bytes, "\r\n\r\n");
    if (!body) return;
    if (!memcmp(c->bytes, "GET", 3)) {
        say(fd, HEAD, sizeof HEAD - 1);
        readers[reader_count++] = fd;
        c->have = 0;
        return;
    }
    size_t size = answer_size(c->bytes, c->have);
    if (!size) return;
    body += 4;
    broadcast(body, c->bytes + size - body);
    say(fd, TAKEN, sizeof TAKEN - 1);
    c->have = 0;
}

static void receive(int fd) {
    struct client *c = clients[fd];
    ssize_t got = recv(fd, c->bytes + c->have, sizeof c->bytes - 1 - c->have, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        drop(fd);
        return;
    }
    c->bytes[c->have += got] = 0;
    serve(fd, c);
}

static void greet(int epoll, int listener) {
    int fd = accept(listener, NULL, NULL), one = 1;
    if (fd < 0 || fd >= MOST) die("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    clients[fd] = calloc(1, sizeof *clients[fd]);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **words) {
    if (count != 2) return 2;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) die("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int got = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < got; i++)
            if (ready[i].data.fd == listener) greet(epoll, listener);
            else receive(ready[i].data.fd);
    }
}
