/* A client's side of a WebSocket, and of graphql-transport-ws on it.
 *
 * What comes is kept until a frame is complete, however it was cut or joined on its way. What the protocols do not
 * allow here (compression, a mask, bytes instead of text, the end of a subscription) ends the program. */
#include "net.h"

#define ID "00000000-0000-4000-8000-000000000000" /* of a subscription, as clients send them: each counts up in its own */
#define ID_DIGITS 8
#define READ_SIZE (1 << 16)
#define MOST_SIZE (1 << 24) /* of a message */
#define MOST_SAID 4096
enum { CONTINUED, TEXT, CLOSED = 8, PING, PONG };

struct bytes {
    char *at;
    size_t size, room;
};

struct socket {
    int fd, acknowledged, partial; /* whether a message has begun whose last frame is still to come */
    char id[sizeof ID];
    size_t read; /* so much of what came */
    struct bytes came, parts;
};

static void refuse(const char *what, struct bytes said) {
    fprintf(stderr, "%s: %.*s\n", what, (int)said.size, said.at ? said.at : "");
    exit(1);
}

static void make_room(struct bytes *bytes, size_t more) {
    if (bytes->size + more <= bytes->room) return;
    bytes->room = (bytes->size + more) * 2;
    if (!(bytes->at = realloc(bytes->at, bytes->room))) die("realloc");
}

/* Take what has come, after what has not been read yet. Returns 0 when nothing has. */
static int receive(struct socket *s, int flags) {
    if (s->read) memmove(s->came.at, s->came.at + s->read, s->came.size -= s->read);
    s->read = 0;
    make_room(&s->came, READ_SIZE);
    ssize_t got = recv(s->fd, s->came.at + s->came.size, READ_SIZE, flags);
    if (got < 0 && errno == EAGAIN && flags & MSG_DONTWAIT) return 0;
    if (got <= 0) die("a socket ended, or had no answer");
    s->came.size += got;
    return 1;
}

/* One frame, masked as a client's must be. */
static void say(struct socket *s, int code, const char *text, size_t size) {
    unsigned char frame[MOST_SAID + 8] = {0x80 | code}, *at = frame + 2, mask[4];
    if (size > MOST_SAID) die("too much to say");
    frame[1] = 0x80 | (size < 126 ? size : 126);
    if (size >= 126) *at++ = size >> 8, *at++ = size & 255;
    for (int i = 0; i < 4; i++) *at++ = mask[i] = random();
    for (size_t i = 0; i < size; i++) *at++ = text[i] ^ mask[i & 3];
    if (send(s->fd, frame, at - frame, MSG_NOSIGNAL) != at - frame) die("send");
}

/* The next frame: its first byte and what it carries; 0 when not all of it is there. */
static int next_frame(struct socket *s, int *first, struct bytes *carried) {
    unsigned char *head = (unsigned char *)s->came.at + s->read;
    size_t have = s->came.size - s->read, size = have < 2 ? 0 : head[1];
    int more = size == 126 ? 2 : size == 127 ? 8 : 0; /* bytes of a longer length */
    if (have < 2) return 0;
    if (head[0] & 0x70 || size & 0x80) die("a compressed or masked frame");
    if (have < 2u + more) return 0;
    if (more) size = 0;
    for (int i = 0; i < more; i++) size = size << 8 | head[2 + i];
    if (size > MOST_SIZE) die("a frame is too large");
    if (have - 2 - more < size) return 0;
    *first = head[0];
    *carried = (struct bytes){(char *)head + 2 + more, size, 0};
    s->read += 2 + more + size;
    return 1;
}

static void answer_control(struct socket *s, int first, struct bytes said) {
    if (!(first & 0x80) || said.size > 125) die("a control frame that is too long");
    size_t code = said.size < 2 ? said.size : 2; /* before the reason */
    if (first == (0x80 | CLOSED)) refuse("a socket was closed", (struct bytes){said.at + code, said.size - code, 0});
    if (first == (0x80 | PING)) say(s, PONG, said.at, said.size);
    else if (first != (0x80 | PONG)) die("an unknown control frame");
}

/* The next message that is complete, to be used before the next call; 0 when there is none. Pings are answered. */
static int next_text(struct socket *s, struct bytes *text) {
    for (int first; next_frame(s, &first, text);) {
        if (first & 8) {
            answer_control(s, first, *text);
            continue;
        }
        if ((first & 15) != (s->partial ? CONTINUED : TEXT)) die("a message that is no text, or in another");
        if (first & 0x80 && !s->partial) return 1;
        make_room(&s->parts, text->size);
        memcpy(s->parts.at + s->parts.size, text->at, text->size);
        s->parts.size += text->size;
        if (s->parts.size > MOST_SIZE) die("a message is too large");
        s->partial = !(first & 0x80);
        if (s->partial) continue;
        *text = s->parts;
        s->parts.size = 0;
        return 1;
    }
    return 0;
}

/* The string that the object has at `key`, on its own floor and not deeper; empty when there is none. */
static struct bytes member(struct bytes object, const char *key) {
    char *at = object.at, *end = at + object.size;
    size_t length = strlen(key);
    for (int depth = 0, found = 0; at < end; at++) {
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') depth--;
        if (*at != '"') {
            if (!strchr(" \t\r\n:", *at)) found = 0;
            continue;
        }
        char *begin = ++at;
        while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
        if (at >= end) break;
        if (found) return (struct bytes){begin, at - begin, 0};
        char *colon = at + 1;
        while (colon < end && strchr(" \t\r\n", *colon)) colon++;
        found = depth == 1 && (size_t)(at - begin) == length && !memcmp(begin, key, length) && colon < end && *colon == ':';
    }
    return (struct bytes){0};
}

static int is(struct bytes text, const char *wanted) {
    return text.size == strlen(wanted) && !memcmp(text.at, wanted, text.size);
}

/* The next event; 0 when no complete one is there. What else the protocol says is dealt with. */
static int next_event(struct socket *s, struct bytes *event) {
    while (next_text(s, event)) {
        struct bytes type = member(*event, "type");
        if (s->acknowledged && is(type, "next")) return 1;
        if (is(type, "ping")) say(s, TEXT, "{\"type\":\"pong\"}", 15);
        else if (!s->acknowledged && is(type, "connection_ack")) s->acknowledged = 1;
        else if (!is(type, "pong")) refuse("an unexpected message", *event);
    }
    return 0;
}

static int is_own(struct socket *s, struct bytes event) {
    return is(member(event, "id"), s->id);
}

/* Return when it is a WebSocket, without compression; what stands behind the head stays. */
static void shake_hands(struct socket *s, const char *request, size_t size) {
    char *end;
    if (send(s->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
    do receive(s, 0);
    while (!(end = memmem(s->came.at, s->came.size, "\r\n\r\n", 4)));
    *end = 0;
    s->read = end + 4 - s->came.at;
    int good = !memcmp(s->came.at, "HTTP/1.1 101", 12) && !strcasestr(s->came.at, "sec-websocket-extensions:");
    if (good && strcasestr(s->came.at, "sec-websocket-protocol: graphql-transport-ws")) return;
    refuse("unexpected answer", (struct bytes){s->came.at, end - s->came.at, 0});
}

/* A socket that has subscribed, as the `number`th. Two lines stand behind the request: what begins, what subscribes. */
static struct socket *subscribed(int port, const char *request, int number) {
    struct timeval patience = {5, 0};
    struct socket *s = calloc(1, sizeof *s);
    struct bytes event;
    const char *begin = strstr(request, "\r\n\r\n") + 4, *asked = strchr(begin, '\n');
    char *own = asked ? strdup(asked + 1) : NULL, *id = own ? strstr(own, ID) : NULL;
    if (!s || !id) die("the subscription has no id");
    s->fd = connected(port);
    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    shake_hands(s, request, begin - request);
    say(s, TEXT, begin, asked - begin);
    while (next_event(s, &event), !s->acknowledged) receive(s, 0);
    memcpy(s->id, ID, sizeof ID);
    for (int i = ID_DIGITS; number; number /= 10) s->id[--i] += number % 10;
    memcpy(id, s->id, ID_DIGITS);
    say(s, TEXT, own, strlen(own));
    free(own);
    return s;
}
