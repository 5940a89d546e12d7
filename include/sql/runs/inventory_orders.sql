-- These orders of material, deleted ones too. When one arrived the shop does not note; the last change of its row stands for it.
SELECT id, status, created_at, updated_at, deleted_at IS NOT NULL AS deleted
FROM {{ inventory_orders }}
WHERE id = ANY (%(inventory_order_ids)s)
