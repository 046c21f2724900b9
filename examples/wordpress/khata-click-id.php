<?php
/**
 * Plugin Name: Khata click id
 * Description: Keeps the affiliate click id of a visit and puts it on the WooCommerce order.
 * Version: 1.0.0
 * Requires at least: 6.0
 * Requires PHP: 7.4
 * WC requires at least: 7.1
 * License: Apache-2.0
 */

defined( 'ABSPATH' ) || exit;

// How long an order may follow its click: the longest cookie window of your campaigns, in days.
const KHATA_COOKIE_DAYS = 30;
const KHATA_COOKIE      = 'khata_click_id';
const KHATA_META        = '_khata_click_id';

/** A text that may be a click id; empty for anything else. */
function khata_click_id_of( $text ) {
	return is_string( $text ) && preg_match( '/\A[A-Za-z0-9_-]{1,200}\z/', $text ) ? $text : '';
}

/** Keeps the click id that a visit comes in with. The newest counts. */
function khata_keep_click_id() {
	$id = khata_click_id_of( $_GET['click_id'] ?? '' );
	// Ask your consent plugin here, where a cookie for affiliates needs consent.
	if ( '' === $id || headers_sent() || ! apply_filters( 'khata_may_keep_click_id', true ) ) {
		return;
	}
	$options = array(
		'expires'  => time() + KHATA_COOKIE_DAYS * 86400,
		'path'     => '/',
		'secure'   => is_ssl(),
		'httponly' => true,
		'samesite' => 'Lax',
	);
	setcookie( KHATA_COOKIE, $id, $options );
	$_COOKIE[ KHATA_COOKIE ] = $id;
}
add_action( 'init', 'khata_keep_click_id' );

/** Puts the kept click id on a new order; both checkouts save the order afterwards. */
function khata_note_click_id( $order ) {
	$id = khata_click_id_of( $_COOKIE[ KHATA_COOKIE ] ?? '' );
	if ( '' !== $id ) {
		$order->update_meta_data( KHATA_META, $id );
	}
}
add_action( 'woocommerce_checkout_create_order', 'khata_note_click_id' );
add_action( 'woocommerce_store_api_checkout_update_order_meta', 'khata_note_click_id' );

/** Says that orders may be kept in tables of their own. */
function khata_declare_compatibility() {
	if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility(
			'custom_order_tables',
			__FILE__,
			true
		);
	}
}
add_action( 'before_woocommerce_init', 'khata_declare_compatibility' );
