/* Counts how often each word stands in files, or in standard input where no file is named (or `-`).
 *
 *     words [-o FILE] [FILE...]
 *
 * The most frequent word comes first. WORDS_MIN is the length of the shortest word that counts.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
    struct word *next;
    unsigned long times;
    char text[];
};

struct table {
    struct word **buckets;
    size_t size;
    size_t count;
};

static void fail(const char *what, const char *problem)
{
    fprintf(stderr, "words: %s: %s\n", what, problem);
    exit(1);
}

static void *allocate(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (memory == NULL)
        fail("memory", strerror(errno));
    return memory;
}

/* FNV-1a. */
static size_t hash(const char *text)
{
    size_t hash = 2166136261u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static void grow(struct table *table)
{
    size_t size = table->size == 0 ? 64 : 2 * table->size;
    struct word **buckets = allocate(size * sizeof *buckets);
    for (size_t i = 0; i < table->size; i++) {
        struct word *next;
        for (struct word *word = table->buckets[i]; word != NULL; word = next) {
            struct word **bucket = &buckets[hash(word->text) % size];
            next = word->next;
            word->next = *bucket;
            *bucket = word;
        }
    }
    free(table->buckets);
    table->buckets = buckets;
    table->size = size;
}

static void count(struct table *table, const char *text, size_t length)
{
    if (table->count >= table->size)
        grow(table);
    struct word **bucket = &table->buckets[hash(text) % table->size];
    for (struct word *word = *bucket; word != NULL; word = word->next) {
        if (strcmp(word->text, text) == 0) {
            word->times++;
            return;
        }
    }
    struct word *word = allocate(sizeof *word + length + 1);
    memcpy(word->text, text, length + 1);
    word->times = 1;
    word->next = *bucket;
    *bucket = word;
    table->count++;
}

static void read_words(struct table *table, FILE *file, const char *name, size_t shortest)
{
    size_t length = 0, capacity = 32;
    char *text = allocate(capacity);
    int c;
    do {
        c = getc(file);
        if (c != EOF && isalnum(c)) {
            if (length + 1 == capacity) {
                capacity *= 2;
                text = realloc(text, capacity);
                if (text == NULL)
                    fail("memory", strerror(errno));
            }
            text[length++] = (char)tolower(c);
        } else if (length > 0) {
            text[length] = '\0';
            if (length >= shortest)
                count(table, text, length);
            length = 0;
        }
    } while (c != EOF);
    if (ferror(file))
        fail(name, strerror(errno));
    free(text);
}

static int more_frequent(const void *left, const void *right)
{
    const struct word *a = *(struct word *const *)left, *b = *(struct word *const *)right;
    if (a->times != b->times)
        return a->times > b->times ? -1 : 1;
    return strcmp(a->text, b->text);
}

static void print(const struct table *table, FILE *file, const char *name)
{
    struct word **words = allocate((table->count + 1) * sizeof *words);
    size_t length = 0;
    for (size_t i = 0; i < table->size; i++)
        for (struct word *word = table->buckets[i]; word != NULL; word = word->next)
            words[length++] = word;
    qsort(words, length, sizeof *words, more_frequent);
    for (size_t i = 0; i < length; i++)
        fprintf(file, "%lu\t%s\n", words[i]->times, words[i]->text);
    free(words);
    if (fflush(file) != 0 || ferror(file))
        fail(name, strerror(errno));
}

static size_t shortest_word(void)
{
    const char *written = getenv("WORDS_MIN");
    char *end;
    if (written == NULL)
        return 1;
    unsigned long shortest = strtoul(written, &end, 10);
    if (*written == '\0' || *end != '\0')
        fail("WORDS_MIN", "expected a number");
    return shortest;
}

int main(int argc, char **argv)
{
    struct table table = { 0 };
    const char *output = NULL;
    size_t shortest = shortest_word();
    int first = 1;

    if (argc > 1 && strcmp(argv[1], "-o") == 0) {
        if (argc < 3)
            fail("-o", "expected the name of a file");
        output = argv[2];
        first = 3;
    }
    if (first >= argc)
        read_words(&table, stdin, "standard input", shortest);
    for (int i = first; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0) {
            read_words(&table, stdin, "standard input", shortest);
            continue;
        }
        FILE *file = fopen(argv[i], "r");
        if (file == NULL)
            fail(argv[i], strerror(errno));
        read_words(&table, file, argv[i], shortest);
        fclose(file);
    }

    if (output == NULL) {
        print(&table, stdout, "standard output");
        return 0;
    }
    FILE *file = fopen(output, "w");
    if (file == NULL)
        fail(output, strerror(errno));
    print(&table, file, output);
    if (fclose(file) != 0)
        fail(output, strerror(errno));
    return 0;
}
