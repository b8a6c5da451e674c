DROP TABLE sample_module_items;
