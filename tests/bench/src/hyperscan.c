/* The bare loop with Hyperscan: all matches of the literals of a file, each printed with its line.
   Whole chunks are scanned at once, and the line is looked for around each match. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20, MOST_WORDS = 1 << 16 };

static char *words[MOST_WORDS];
static size_t lengths[MOST_WORDS];
static unsigned flags[MOST_WORDS], ids[MOST_WORDS];
static char chunk[CHUNK_BYTES];
static size_t chunk_bytes;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flag, void *context) {
    (void)from, (void)flag, (void)context;
    const char *match = chunk + to - lengths[id];
    const char *before = memrchr(chunk, '\n', (size_t)(match - chunk));
    const char *start = before ? before + 1 : chunk;
    const char *end = memchr(match, '\n', (size_t)(chunk + chunk_bytes - match));
    size_t bytes = (size_t)((end ? end : chunk + chunk_bytes) - start);
    fwrite_unlocked(words[id], 1, lengths[id], stdout);
    putchar_unlocked('\t');
    fwrite_unlocked(start, 1, bytes, stdout);
    putchar_unlocked('\n');
    return 0;
}

static void check(int is_fine, const char *what) {
    if (!is_fine) {
        fprintf(stderr, "%s\n", what);
        exit(2);
    }
}

int main(int count, char **arguments) {
    check(count == 3, "give a file of literals and a file of lines");
    FILE *list = fopen(arguments[1], "r");
    check(list != NULL, "the literals cannot be read");
    unsigned number = 0;
    char *line = NULL;
    size_t room = 0;
    for (ssize_t bytes; number < MOST_WORDS && (bytes = getline(&line, &room, list)) > 0; number++) {
        if (line[bytes - 1] == '\n') line[--bytes] = 0;
        words[number] = strdup(line);
        lengths[number] = (size_t)bytes;
        ids[number] = number;
    }
    hs_database_t *database = NULL;
    hs_compile_error_t *error = NULL;
    hs_scratch_t *scratch = NULL;
    check(hs_compile_lit_multi((const char *const *)words, flags, ids, lengths, number, HS_MODE_BLOCK, NULL, &database,
                               &error) == HS_SUCCESS, "the literals do not compile");
    check(hs_alloc_scratch(database, &scratch) == HS_SUCCESS, "there is no scratch memory");
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    int file = open(arguments[2], O_RDONLY);
    check(file >= 0, "the lines cannot be read");
    size_t held = 0;
    for (;;) {
        ssize_t bytes = read(file, chunk + held, CHUNK_BYTES - held);
        check(bytes >= 0, "the lines cannot be read");
        held += (size_t)bytes;
        char *last = bytes > 0 ? memrchr(chunk, '\n', held) : NULL;
        check(bytes == 0 || last != NULL || held < CHUNK_BYTES, "a line is too long");
        if (bytes > 0 && last == NULL) continue;
        chunk_bytes = last ? (size_t)(last - chunk) + 1 : held;
        check(hs_scan(database, chunk, (unsigned)chunk_bytes, 0, scratch, on_match, NULL) == HS_SUCCESS, "no scan");
        held -= chunk_bytes;
        memmove(chunk, chunk + chunk_bytes, held);
        if (bytes == 0) break;
    }
    return fflush(stdout) == 0 ? 0 : 2;
}
