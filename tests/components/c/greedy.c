/* Takes what it can get: `greedy time` never ends, and `greedy memory` allocates until there is none left. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (1 << 20)

struct piece {
    struct piece *last;
    char filled[PIECE - sizeof(struct piece *)];
};

static void take_time(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
}

/* All of it is written to, and looked at once there is none left: what malloc gives is there, and is nobody else's. */
static void take_memory(void)
{
    struct piece *pieces = NULL, *piece;
    unsigned taken = 0;
    while ((piece = malloc(sizeof *piece)) != NULL) {
        memset(piece->filled, (int)taken, sizeof piece->filled);
        piece->last = pieces;
        pieces = piece;
        taken++;
    }
    printf("%u MiB, then: %s\n", taken, strerror(errno));
    for (; pieces != NULL; pieces = pieces->last) {
        taken--;
        for (size_t i = 0; i < sizeof pieces->filled; i++)
            if (pieces->filled[i] != (char)taken)
                puts("somebody else has written to it");
    }
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "time") == 0) {
        take_time();
    } else if (strcmp(what, "memory") == 0) {
        take_memory();
        return 1;
    }
    fprintf(stderr, "greedy: expected `time` or `memory`\n");
    return 1;
}
