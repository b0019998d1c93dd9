/* Needs nothing but somewhere to say it. */

#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
