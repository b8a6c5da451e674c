-- Tiers own feature codes; a platform or a vendor has at most one, and single features are given or taken beside it.

CREATE TABLE klods.tier (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code     text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9]*([_-][a-z0-9]+)*$' AND length(code) <= 40),
    name     text NOT NULL CHECK (name <> ''),
    position integer NOT NULL DEFAULT 0
);
CREATE TABLE klods.tier_feature (
    tier_id bigint NOT NULL REFERENCES klods.tier (id) ON DELETE CASCADE,
    feature text NOT NULL CHECK (feature <> ''),
    PRIMARY KEY (tier_id, feature)
);
ALTER TABLE klods.platform ADD COLUMN tier_id bigint REFERENCES klods.tier (id);
ALTER TABLE klods.vendors ADD COLUMN tier_id bigint REFERENCES klods.tier (id);
COMMENT ON COLUMN klods.platform.tier_id IS 'without one the platform has every feature';
COMMENT ON COLUMN klods.vendors.tier_id IS 'without one the vendor has every feature of its platform';

CREATE TABLE klods.feature_exception (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    vendor_id   bigint,
    feature     text NOT NULL CHECK (feature <> ''),
    granted     boolean NOT NULL,
    FOREIGN KEY (vendor_id, platform_id) REFERENCES klods.vendors (id, platform_id)
);
CREATE UNIQUE INDEX feature_exception_key ON klods.feature_exception (platform_id, coalesce(vendor_id, 0), feature);
COMMENT ON TABLE klods.feature_exception IS 'features given (granted) or taken (not granted) beside the tier';

CREATE FUNCTION klods.features_of(of_platform bigint, of_vendor bigint, of_tier bigint) RETURNS jsonb LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'of_tier', CASE WHEN of_tier IS NOT NULL THEN (
            SELECT coalesce(jsonb_agg(f.feature), '[]') FROM klods.tier_feature f WHERE f.tier_id = of_tier) END,
        'granted', coalesce(jsonb_agg(e.feature) FILTER (WHERE e.granted), '[]'),
        'withdrawn', coalesce(jsonb_agg(e.feature) FILTER (WHERE NOT e.granted), '[]'))
      FROM klods.feature_exception e
     WHERE e.platform_id = of_platform AND e.vendor_id IS NOT DISTINCT FROM of_vendor
$$;
REVOKE EXECUTE ON FUNCTION klods.features_of(bigint, bigint, bigint) FROM PUBLIC;
