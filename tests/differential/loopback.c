/* loopback.c - keeps a server that listens on every address to this machine (LD_PRELOAD).
 * DynamoDB Local has no option for the address it binds.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    static int (*real)(int, const struct sockaddr *, socklen_t);
    struct sockaddr_in local;

    if (real == NULL)
        real = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
    if (address->sa_family != AF_INET || length < sizeof(local))
        return real(fd, address, length);
    memcpy(&local, address, sizeof(local));
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return real(fd, (const struct sockaddr *)&local, sizeof(local));
}
