/* Prints its arguments in capital letters, or standard input when there are no arguments. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void print_capitals(const char *text)
{
    for (; *text != '\0'; text++)
        putchar(toupper((unsigned char)*text));
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        print_capitals(argv[i]);
        putchar(i + 1 < argc ? ' ' : '\n');
    }
    if (argc < 2) {
        int c;
        while ((c = getchar()) != EOF)
            putchar(toupper(c));
    }
    if (ferror(stdin) || fflush(stdout) == EOF) {
        perror("TOOL_NAME");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
