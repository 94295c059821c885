/* folder_fault.h - folders that cannot be read to their end. */
#pragma once

/* On this thread the n-th call of readdir from now on fails; 0: none does. */
void folder_fault_at(unsigned n);
