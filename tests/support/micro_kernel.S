# A kernel of two sectors, as a bzImage that nothing but its real-mode part is of. It says on the first serial port with which
# command line it was started and how many bytes of initrd it has, waits for the power button, and switches itself off.
.code16
.globl _start
_start:
.org 0x1f1
  .byte 4                 # setup_sects
.org 0x1f4
  .long 0x200             # syssize
.org 0x1fe
  .word 0xaa55
entry:                    # here with ds, es and ss at _start, and cs 0x20 paragraphs further
  jmp start
  .ascii "HdrS"
  .word 0x0206            # protocol
.org 0x211
  .byte 1                 # loadflags: the rest belongs to 1 MiB
.org 0x214
  .long 0x100000          # code32_start
ramdisk_image: .long 0
ramdisk_size: .long 0
.org 0x228
cmd_line_ptr: .long 0
initrd_addr_max: .long 0x7fffffff
.org 0x240
start:
  mov %ds, %ax
  mov %ax, %fs            # of the header
  mov %cs, %ax            # its offsets count from 0x200, those of labels from _start
  sub $0x20, %ax
  mov %ax, %ds
  sti
  mov $hello, %si
  call say
  mov %fs:0x21e, %ax
  call hex
  mov %fs:0x21c, %ax
  call hex
  mov $command, %si
  call say
  mov %fs:0x228, %eax     # a linear address below 1 MiB
  mov %eax, %ebx
  shr $4, %ebx
  and $15, %ax
  mov %ax, %si
  push %ds
  mov %bx, %ds
  call say
  pop %ds
  .include "micro_serial.inc"
hello: .asciz "GUEST-MARKER kernel initrd="
command: .asciz " cmdline="
bye: .asciz "GUEST-ACPI-POWEROFF\r\n"
line: .asciz "\r\n"
.org 16384
