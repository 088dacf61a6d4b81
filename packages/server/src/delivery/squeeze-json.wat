;; JSON without the whitespace between its tokens, sixteen bytes at a time.
;;
;; The loop in scan-json.ts takes 1.2 ns a byte, which was a third of all packing; this takes a quarter
;; of it. squeeze-json.wasm is made of this file; squeeze-json.test.ts holds them together.
(module
  (memory (export "memory") 1)

  ;; Copies the object or array that begins at $at to $to, without the whitespace outside of strings.
  ;; Returns where the copy ends, and leaves at address 0 where the value ended; returns -1 where it
  ;; does not end before $end. Reads and writes up to 16 bytes more than the value has.
  (func (export "squeeze") (param $at i32) (param $end i32) (param $to i32) (result i32)
    (local $block v128)
    (local $lower v128)
    (local $quotes i32)
    (local $slashes i32)
    (local $escapes i32) ;; bytes that a backslash escapes; bit 16 is the first byte of the next block
    (local $inside i32) ;; bytes of strings, opening quotes included, closing quotes not
    (local $carry i32) ;; all sixteen bits while a string goes on into the next block
    (local $blanks i32)
    (local $opens i32)
    (local $closes i32)
    (local $brackets i32)
    (local $depth i32)
    (local $count i32) ;; bytes of this block that belong to the value
    (local $i i32)

    (loop $blocks
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
      (local.set $block (v128.load align=1 (local.get $at)))
      (local.set $quotes
        (i8x16.bitmask (i8x16.eq (local.get $block) (v128.const i8x16 34 34 34 34 34 34 34 34 34 34 34 34 34 34 34 34))))
      (local.set $slashes
        (i8x16.bitmask (i8x16.eq (local.get $block) (v128.const i8x16 92 92 92 92 92 92 92 92 92 92 92 92 92 92 92 92))))

      ;; An escaped quote ends no string. Backslashes are rare: one after the other will do.
      (local.set $escapes (i32.shr_u (local.get $escapes) (i32.const 16)))
      (local.set $slashes (i32.and (local.get $slashes) (i32.xor (local.get $escapes) (i32.const -1))))
      (block $none
        (loop $next
          (br_if $none (i32.eqz (local.get $slashes)))
          (local.set $i (i32.shl (i32.and (local.get $slashes) (i32.sub (i32.const 0) (local.get $slashes))) (i32.const 1)))
          (local.set $escapes (i32.or (local.get $escapes) (local.get $i)))
          (local.set $slashes (i32.and (local.get $slashes) (i32.sub (local.get $slashes) (i32.const 1))))
          (local.set $slashes (i32.and (local.get $slashes) (i32.xor (local.get $i) (i32.const -1))))
          (br $next)))
      (local.set $quotes (i32.and (local.get $quotes) (i32.xor (local.get $escapes) (i32.const -1))))

      ;; Each bit becomes the parity of the quotes up to it.
      (local.set $inside (i32.xor (local.get $quotes) (i32.shl (local.get $quotes) (i32.const 1))))
      (local.set $inside (i32.xor (local.get $inside) (i32.shl (local.get $inside) (i32.const 2))))
      (local.set $inside (i32.xor (local.get $inside) (i32.shl (local.get $inside) (i32.const 4))))
      (local.set $inside (i32.xor (local.get $inside) (i32.shl (local.get $inside) (i32.const 8))))
      (local.set $inside (i32.xor (i32.and (local.get $inside) (i32.const 0xffff)) (local.get $carry)))
      (local.set $carry
        (i32.and (i32.sub (i32.const 0) (i32.shr_u (local.get $inside) (i32.const 15))) (i32.const 0xffff)))

      ;; `[` and `{` differ in one bit, as do `]` and `}`.
      (local.set $lower
        (v128.or (local.get $block) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32)))
      (local.set $inside (i32.xor (local.get $inside) (i32.const -1))) ;; from here on: outside
      (local.set $opens (i32.and (local.get $inside)
        (i8x16.bitmask (i8x16.eq (local.get $lower) (v128.const i8x16 123 123 123 123 123 123 123 123 123 123 123 123 123 123 123 123)))))
      (local.set $closes (i32.and (local.get $inside)
        (i8x16.bitmask (i8x16.eq (local.get $lower) (v128.const i8x16 125 125 125 125 125 125 125 125 125 125 125 125 125 125 125 125)))))
      (local.set $blanks (i32.and (local.get $inside)
        (i8x16.bitmask (i8x16.le_u (local.get $block) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32)))))

      (local.set $count (i32.const 16))
      (if (i32.lt_u (i32.popcnt (local.get $closes)) (local.get $depth))
        (then
          (local.set $depth
            (i32.sub
              (i32.add (local.get $depth) (i32.popcnt (local.get $opens)))
              (i32.popcnt (local.get $closes)))))
        (else
          ;; It may end here: bracket after bracket.
          (local.set $brackets (i32.or (local.get $opens) (local.get $closes)))
          (block $done
            (loop $next
              (br_if $done (i32.eqz (local.get $brackets)))
              (local.set $i (i32.ctz (local.get $brackets)))
              (local.set $brackets (i32.and (local.get $brackets) (i32.sub (local.get $brackets) (i32.const 1))))
              (local.set $depth
                (i32.add (local.get $depth)
                  (select (i32.const 1) (i32.const -1)
                    (i32.and (i32.shr_u (local.get $opens) (local.get $i)) (i32.const 1)))))
              (br_if $next (local.get $depth))
              (local.set $count (i32.add (local.get $i) (i32.const 1)))))))

      (if (i32.eqz (local.get $blanks))
        (then
          (v128.store align=1 (local.get $to) (local.get $block))
          (local.set $to (i32.add (local.get $to) (local.get $count))))
        (else
          (local.set $i (i32.const 0))
          (loop $bytes
            (i32.store8 (local.get $to) (i32.load8_u (i32.add (local.get $at) (local.get $i))))
            (local.set $to
              (i32.add (local.get $to)
                (i32.xor (i32.and (i32.shr_u (local.get $blanks) (local.get $i)) (i32.const 1)) (i32.const 1))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $bytes (i32.lt_u (local.get $i) (local.get $count))))))
      (local.set $at (i32.add (local.get $at) (local.get $count)))
      (br_if $blocks (local.get $depth)))

    (if (i32.gt_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
    (i32.store (i32.const 0) (local.get $at))
    (local.get $to)))
