/* main.c - the map: builds the parts from options, connects them, ends them in reverse. */
#include <stdio.h>

int main(void)
{
    puts("stele " STELE_VERSION);
    return 0;
}
