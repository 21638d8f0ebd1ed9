// The screen's pass for rows of four cells, as keeper/src/book/kernels.ts has it: same arithmetic, same layout, same data.
// Reads a file of what the keeper holds, makes `passes` passes, and prints the candidates found and the median in ns.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  uint16_t *kinds;
  double *floats, *slack;
  int32_t rows, firstRow;
} Page;

static double table[65536];

static int32_t pass(const Page *page, int32_t count, double absolute, double relative, double dust,
                    int32_t *candidates) {
  const uint16_t *kinds = page->kinds;
  const double *floats = page->floats;
  double *slack = page->slack;
  for (int32_t row = 0; row < page->rows; row++) {
    const int32_t cell = 4 * row;
    const double a = table[kinds[cell]] * floats[cell];
    const double b = table[kinds[cell + 1]] * floats[cell + 1];
    const double c = table[kinds[cell + 2]] * floats[cell + 2];
    const double d = table[kinds[cell + 3]] * floats[cell + 3];
    const double net = a + b + (c + d);
    const double gross = fabs(a) + fabs(b) + (fabs(c) + fabs(d));
    slack[row] = net / gross;
    if (net > absolute + relative * gross || gross - net < dust) continue;
    candidates[count++] = page->firstRow + row;
  }
  return count;
}

static void *take(FILE *file, size_t size, size_t count) {
  void *held = malloc(size * count);
  if (!held || fread(held, size, count, file) != count) exit(1);
  return held;
}

static int byTime(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc < 3) return 1;
  FILE *file = fopen(argv[1], "rb");
  const int passes = atoi(argv[2]);
  if (!file) return 1;
  // Pages, rows a page, kinds of cells.
  const int32_t *head = take(file, sizeof(int32_t), 3);
  const double *bounds = take(file, sizeof(double), 2);
  memcpy(table, take(file, sizeof(double), head[2]), sizeof(double) * head[2]);
  Page *pages = malloc(sizeof(Page) * head[0]);
  for (int32_t at = 0; at < head[0]; at++) {
    const int32_t *rows = take(file, sizeof(int32_t), 2);
    pages[at] = (Page){take(file, 2, 4 * head[1]), take(file, 8, 4 * head[1]), malloc(8 * head[1]), rows[0], rows[1]};
  }
  int32_t *candidates = malloc(sizeof(int32_t) * (head[0] * head[1] + 1));
  double *times = malloc(sizeof(double) * passes);
  int32_t count = 0;
  for (int run = 0; run < passes; run++) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    count = 0;
    for (int32_t at = 0; at < head[0]; at++) {
      count = pass(&pages[at], count, bounds[0], bounds[1], 0, candidates);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    times[run] = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
  }
  qsort(times, passes, sizeof(double), byTime);
  printf("%d %.0f\n", count, times[passes / 2]);
  return 0;
}
