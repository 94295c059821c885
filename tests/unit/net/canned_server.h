/* canned_server.h - a server for tests of clients: it answers requests one after the other with the
 * texts that it was given, whatever they ask, and remembers their first lines.
 */
#pragma once

#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CANNED_MAX 16

struct canned_server {
    const char *replies[CANNED_MAX]; /* whole ones; NULL: no more */
    bool trickles;                   /* a byte now and then after the last one, without an end */
    unsigned served;
    char lines[CANNED_MAX][200];
    char url[40];
    int listener;
    pthread_t thread;
};

/* A request is read to its end, so that nobody is told off while it still sends. */
static inline void canned_read(int fd, char line[200])
{
    static const char length[] = "content-length:";
    size_t size = 0, wanted = SIZE_MAX;
    char text[65536];

    while (size < wanted && size < sizeof(text) - 1) {
        ssize_t more = read(fd, text + size, sizeof(text) - 1 - size);
        const char *end, *at;

        if (more <= 0)
            break;
        size += (size_t)more;
        text[size] = 0;
        end = strstr(text, "\r\n\r\n");
        if (end == NULL)
            continue;
        at = strcasestr(text, length);
        wanted = (size_t)(end + 4 - text) +
                 (at != NULL ? strtoul(at + sizeof(length) - 1, NULL, 10) : 0);
    }
    text[size] = 0;
    snprintf(line, 200, "%.*s", (int)strcspn(text, "\r"), text);
}

static inline void *canned_run(void *arg)
{
    struct canned_server *server = arg;

    for (; server->replies[server->served] != NULL; server->served++) {
        const char *reply = server->replies[server->served];
        struct timespec pause = {.tv_nsec = 20000000};
        int fd = accept(server->listener, NULL, NULL);

        if (fd < 0)
            break;
        canned_read(fd, server->lines[server->served]);
        CHECK(send(fd, reply, strlen(reply), MSG_NOSIGNAL) == (ssize_t)strlen(reply));
        while (server->trickles && server->replies[server->served + 1] == NULL &&
               send(fd, " ", 1, MSG_NOSIGNAL) == 1)
            nanosleep(&pause, NULL); /* sleep: a slow server's, until the client goes */
        close(fd);
    }
    return NULL;
}

static inline void canned_start(struct canned_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    setenv("NO_PROXY", "127.0.0.1", 1);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(server->listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(server->listener, 8) == 0);
    CHECK(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    CHECK(pthread_create(&server->thread, NULL, canned_run, server) == 0);
}

/* After the last answer, or where no more are wanted. */
static inline void canned_stop(struct canned_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}
