/* health.c - one request over one connection. TLS servers are asked with curl or a load balancer's
 * own check: the point here is a container's health command, inside the host. */
#include "server/health.h"

#include "base/buf.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_BYTES_MAX 65536

static enum err connect_to(const char *host, const char *port, struct fault *fault, int *fd);

enum err health_ask(const char *endpoint, struct fault *fault)
{
    char host[256], port[16] = "8000", request[400], reply[REPLY_BYTES_MAX];
    size_t size = 0;
    ssize_t got = 0;
    int fd = -1;
    enum err err;

    if (sscanf(endpoint, "http://[%255[^]]]:%15[0-9]", host, port) < 1 &&
        sscanf(endpoint, "http://%255[^:/]:%15[0-9]", host, port) < 1)
        return fault_set(fault, ERR_CONFIG, "'%s' is not an endpoint such as http://127.0.0.1:8000",
                         endpoint);
    err = connect_to(host, port, fault, &fd);
    if (err != OK)
        return err;
    snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n",
             host, port);
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
        while (size < sizeof(reply) - 1 &&
               (got = recv(fd, reply + size, sizeof(reply) - 1 - size, 0)) > 0)
            size += (size_t)got;
    close(fd);
    reply[size] = 0;
    if (strncmp(reply, "HTTP/1.1 200 ", 13) != 0 || strstr(reply, "healthy: ") == NULL)
        return fault_set(fault, ERR_IO, "%s does not answer as Stele does%s%s", endpoint,
                         got < 0 ? ": " : "", got < 0 ? strerror(errno) : "");
    printf("%s\n", strstr(reply, "healthy: "));
    return OK;
}

static enum err connect_to(const char *host, const char *port, struct fault *fault, int *fd)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct timeval limit = {HEALTH_TIMEOUT_MS / 1000, HEALTH_TIMEOUT_MS % 1000 * 1000};
    int failed = getaddrinfo(host, port, &hints, &found);
    int s = -1;

    if (failed != 0)
        return fault_set(fault, ERR_IO, "cannot resolve %s: %s", host, gai_strerror(failed));
    for (const struct addrinfo *at = found; at != NULL && s < 0; at = at->ai_next) {
        s = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (s < 0)
            continue;
        /* Linux applies the send limit to connect as well. */
        setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (connect(s, at->ai_addr, at->ai_addrlen) != 0) {
            close(s);
            s = -1;
        }
    }
    freeaddrinfo(found);
    if (s < 0)
        return fault_set(fault, ERR_IO, "nobody listens at %s:%s: %s", host, port, strerror(errno));
    *fd = s;
    return OK;
}
